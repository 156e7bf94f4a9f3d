/** Answers queries from what the page holds. */

import { formatAddress } from "../protocol/address";
import type { AtlasInfo, Query, Traits, ViewInfo } from "../protocol/protocol";
import { type Block, fromBase64, type Head, inflated, readBlock } from "./contents";
import { ahead, nearest, samePlace } from "./nearest";
import { storedPictures } from "./stored_pictures";

/** The message says what the page holds. */
export class NotStored extends Error {}

/** A query; a page has no panels. */
export type PageQuery = Omit<Query, "aside">;

export interface Answer {
  readonly traits: Partial<Traits>;
  /** A line for the reader where another place is shown than was asked for. */
  readonly notice: string;
}

interface Layer {
  readonly number: number;
  readonly info: AtlasInfo;
  readonly atlas: Promise<ArrayBuffer>;
  readonly channels: readonly number[];
  readonly blocks: Map<number, Promise<Block>>;
}

export class Answers {
  readonly #exhibit: string;
  readonly #head: Head;
  readonly #layers: readonly Layer[];
  #shown: { readonly layer: Layer; readonly neuron: ViewInfo["neuron"] } | null = null;

  constructor(exhibit: string, head: Head) {
    this.#exhibit = exhibit;
    this.#head = head;
    this.#layers = head.layers.map(({ info, atlas, channels }, number) => ({
      number,
      info: { ...info, stored: channels.length < info.channels ? channels : null },
      atlas: inflated(atlas),
      channels,
      blocks: new Map(),
    }));
  }

  /** The traits that never change. */
  get lasting(): Partial<Traits> {
    const photograph = new DataView(fromBase64(this.#head.photograph).buffer);
    return { ...this.#head.traits, _photograph: photograph, _progress: {}, _failure: {}, prefetch: false, live: false };
  }

  get layers(): readonly string[] {
    return this.#layers.map(({ info }) => info.layer);
  }

  /**
   * The view nearest to what is asked for.
   *
   * @throws NotStored where the page has nothing like it.
   */
  async answer({ client, seq, ...query }: PageQuery): Promise<Answer> {
    const began = performance.now();
    const layer = this.#layer(query);
    const channel = query.neuron?.channel ?? strongestChannel(layer);
    const block = await this.#block(layer, channel);
    const asked = { y: query.neuron?.y ?? null, x: query.neuron?.x ?? null };
    const from = this.#shown?.layer === layer && this.#shown.neuron.channel === channel ? this.#shown.neuron : null;
    const step = from && ahead(block.neurons, asked, from);
    const stored = step ?? nearest(block.neurons, asked);
    const { neuron, map, window } = stored;
    const numbers = pictureNumbers(query.architectures, stored.pictures);
    const pictures = numbers.flatMap((index) => stored.pictures[index] ?? []);
    const files = numbers.flatMap((index) => stored.files[index] ?? []);
    const [bytes, mapBytes, atlas] = await Promise.all([
      storedPictures({ ...stored, pictures, files }),
      inflated(block.map),
      layer.atlas,
    ]);
    this.#shown = { layer, neuron };
    const _view: ViewInfo = {
      ...{ client, seq, layer: layer.info.layer, neuron, map, window, pictures },
      milliseconds: performance.now() - began,
      address: this.#address(layer, neuron, pictures),
      stored: block.neurons.flatMap(({ neuron: { y, x } }) => (y === null || x === null ? [] : [[y, x] as const])),
    };
    const notice =
      `(${asked.y}, ${asked.x}) is not in this page: this is (${neuron.y}, ${neuron.x}), the ` +
      `${step ? "next" : "nearest"} place of channel ${channel} that is.`;
    return {
      traits: {
        _atlas_info: layer.info,
        _atlas: new DataView(atlas),
        _map: new DataView(mapBytes),
        _pictures: new DataView(bytes.buffer),
        _view,
        _failure: {},
      },
      notice: asked.y !== null && !samePlace(neuron, asked) ? notice : "",
    };
  }

  #layer({ model, image, layer = null }: Pick<PageQuery, "model" | "image" | "layer">): Layer {
    const { _network: network } = this.#head.traits;
    if (model !== network.model || image !== network.image.name)
      throw new NotStored(`this page holds ${network.label} on ${network.image.label} only; for others run a notebook`);
    const asked = layer ?? this.#head.opening.layer;
    const found = this.#layers.find(({ info }) => info.layer === asked);
    if (found) return found;
    const label = (name: string): string => network.layers.find((one) => one.name === name)?.label ?? name;
    throw new NotStored(`${label(asked)} is not in this page, which holds ${this.layers.map(label).join(", ")}`);
  }

  #block({ info, number, channels, blocks }: Layer, channel: number): Promise<Block> {
    if (!channels.includes(channel))
      throw new NotStored(`channel ${channel} is not in this page, which holds ${channels.length} of ${info.channels}`);
    const block = blocks.get(channel) ?? readBlock(this.#exhibit, number, channel);
    blocks.set(channel, block);
    return block;
  }

  #address({ info }: Layer, { channel, y, x }: ViewInfo["neuron"], pictures: ViewInfo["pictures"]): string {
    const { model, image } = this.#head.traits._network;
    const architectures = pictures.map(({ code }) => code);
    return formatAddress({ model, layer: info.layer, channel, y, x, architectures, image: image.name });
  }
}

const strongestChannel = ({ info: { maxima }, channels }: Layer): number =>
  channels.reduce((best, channel) => ((maxima[channel] ?? 0) > (maxima[best] ?? 0) ? channel : best));

const pictureNumbers = (architectures: readonly string[], pictures: ViewInfo["pictures"]): number[] =>
  architectures.map((asked) => {
    const index = pictures.findIndex(({ code, name }) => code === asked || name === asked);
    if (index >= 0) return index;
    throw new NotStored(`${asked} is not in this page, which holds ${pictures.map(({ name }) => name).join(", ")}`);
  });
