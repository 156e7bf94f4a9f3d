/** Answers what an explorer asks from what the page holds. */

import { formatAddress } from "../protocol/address";
import type { AtlasInfo, Query, Traits, ViewInfo } from "../protocol/protocol";
import { type Block, fromBase64, type Head, inflated, readBlock } from "./contents";
import { ahead, nearest, samePlace } from "./nearest";
import { storedPictures } from "./stored_pictures";

/** What was asked for is not in the page; the message says what is. */
export class NotStored extends Error {}

/** A query; a page answers all panels by none. */
export type PageQuery = Omit<Query, "aside">;

export interface Answer {
  readonly traits: Partial<Traits>;
  /** What is to be said where something else is shown than was asked for. */
  readonly notice: string;
}

interface Layer {
  readonly number: number;
  readonly info: AtlasInfo;
  readonly atlas: Promise<DataView>;
  readonly channels: ReadonlySet<number>;
  readonly blocks: Map<number, Promise<Block>>;
}

export class Answers {
  readonly #exhibit: string;
  readonly #head: Head;
  readonly #layers: ReadonlyMap<string, Layer>;
  #shown: { readonly layer: Layer; readonly neuron: ViewInfo["neuron"] } | null = null;

  constructor(exhibit: string, head: Head) {
    this.#exhibit = exhibit;
    this.#head = head;
    this.#layers = new Map(
      head.layers.map(({ info, atlas, channels }, number) => [
        info.layer,
        {
          number,
          info: { ...info, stored: channels.length < info.channels ? channels : null },
          atlas: inflated(atlas).then((bytes) => new DataView(bytes)),
          channels: new Set(channels),
          blocks: new Map(),
        },
      ]),
    );
  }

  /** The traits that never change. */
  get lasting(): Partial<Traits> {
    const photograph = new DataView(fromBase64(this.#head.photograph).buffer);
    return { ...this.#head.traits, _photograph: photograph, _progress: {}, _failure: {}, prefetch: false, live: false };
  }

  /** The names of the layers that the page holds. */
  get layers(): readonly string[] {
    return [...this.#layers.keys()];
  }

  /**
   * The view nearest to what is asked for.
   *
   * @throws NotStored where the page has nothing like it.
   */
  async answer(query: PageQuery): Promise<Answer> {
    const began = performance.now();
    const layer = this.#layer(query);
    const channel = query.neuron?.channel ?? this.#strongestChannel(layer);
    const block = await this.#block(layer, channel);
    const [first, ...others] = block.neurons;
    if (first === undefined) throw new NotStored(`channel ${channel} is not in this page`);
    const asked = { y: query.neuron?.y ?? null, x: query.neuron?.x ?? null };
    const from = this.#shown?.layer === layer && this.#shown.neuron.channel === channel ? this.#shown.neuron : null;
    const step = from && ahead(block.neurons, asked, from);
    const stored = step ?? nearest([first, ...others], asked);
    const numbers = this.#pictureNumbers(query, stored.pictures);
    const chosen = {
      ...stored,
      pictures: numbers.flatMap((index) => stored.pictures[index] ?? []),
      files: numbers.flatMap((index) => stored.files[index] ?? []),
    };
    const [pictures, map, atlas] = await Promise.all([storedPictures(chosen), inflated(block.map), layer.atlas]);
    const { neuron, window } = stored;
    this.#shown = { layer, neuron };
    const view: ViewInfo = {
      client: query.client,
      seq: query.seq,
      layer: layer.info.layer,
      neuron,
      map: stored.map,
      window,
      pictures: chosen.pictures,
      milliseconds: performance.now() - began,
      address: this.#address(layer, neuron, chosen.pictures),
      stored: block.neurons.flatMap(({ neuron: { y, x } }) => (y === null || x === null ? [] : [[y, x] as const])),
    };
    const elsewhere = asked.y !== null && !samePlace(neuron, asked);
    return {
      traits: {
        _atlas_info: layer.info,
        _atlas: atlas,
        _map: new DataView(map),
        _pictures: new DataView(pictures.buffer),
        _view: view,
        _failure: {},
      },
      notice: elsewhere
        ? `(${asked.y}, ${asked.x}) is not in this page: this is (${neuron.y}, ${neuron.x}), the ` +
          `${step ? "next" : "nearest"} place of channel ${channel} that is.`
        : "",
    };
  }

  #layer({ model, image, layer }: PageQuery): Layer {
    const { _network: network } = this.#head.traits;
    if (model !== network.model || image !== network.image.name)
      throw new NotStored(`this page holds ${network.label} on ${network.image.label} only; for others run a notebook`);
    const found = this.#layers.get(layer ?? this.#head.opening.layer);
    if (found !== undefined) return found;
    const label = (name: string): string => network.layers.find((one) => one.name === name)?.label ?? name;
    throw new NotStored(`${label(layer ?? "")} is not in this page, which holds ${this.layers.map(label).join(", ")}`);
  }

  #strongestChannel({ info, channels }: Layer): number {
    const value = (channel: number): number => info.maxima[channel] ?? 0;
    return [...channels].reduce((best, channel) => (value(channel) > value(best) ? channel : best));
  }

  #block(layer: Layer, channel: number): Promise<Block> {
    if (!layer.channels.has(channel)) {
      const { channels } = layer.info;
      throw new NotStored(`channel ${channel} is not in this page, which holds ${layer.channels.size} of ${channels}`);
    }
    const block = layer.blocks.get(channel) ?? readBlock(this.#exhibit, layer.number, channel);
    layer.blocks.set(channel, block);
    return block;
  }

  #pictureNumbers({ architectures }: PageQuery, pictures: ViewInfo["pictures"]): number[] {
    return architectures.map((asked) => {
      const index = pictures.findIndex(({ code, name }) => code === asked || name === asked);
      if (index >= 0) return index;
      const held = pictures.map(({ name }) => name).join(", ");
      throw new NotStored(`${asked} is not in this page, which holds ${held}`);
    });
  }

  #address(layer: Layer, { channel, y, x }: ViewInfo["neuron"], pictures: ViewInfo["pictures"]): string {
    const { model, image } = this.#head.traits._network;
    const architectures = pictures.map(({ code }) => code);
    return formatAddress({ model, layer: layer.info.layer, channel, y, x, architectures, image: image.name });
  }
}
