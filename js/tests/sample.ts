/** A small but complete answer of the kernel, and a model that hands it out. */

import type { AtlasInfo, Layer, Network, Traits, ViewInfo, WidgetModel } from "../src/protocol/protocol";
import type { ViewParts } from "../src/protocol/shown_view";
import { readBytes, readInt8, readInt16 } from "../src/protocol/traits";

interface Answer extends Partial<Traits> {
  _network: Network;
  _atlas_info: AtlasInfo;
  _view: ViewInfo;
}

export const LAYERS: readonly Layer[] = [
  {
    name: "features.0",
    label: "conv1_1",
    kind: "convolution",
    shape: [3, 4, 4],
    field: { stride: [1, 1], offset: [-1, -1], size: [3, 3] },
  },
  { name: "features.1", label: "<img src=x onerror=alert(1)>", kind: "rectifier", shape: [3, 4, 4], field: null },
  { name: "classifier", label: "classifier", kind: "linear", shape: [5], field: null },
];

/** Bytes as hosts hand them out: a view into a larger buffer, at an odd offset. */
export function inLargerBuffer(bytes: readonly number[]): DataView {
  const buffer = new Uint8Array([99, ...bytes.map((byte) => byte & 0xff), 99]).buffer;
  return new DataView(buffer, 1, bytes.length);
}

/** The traits of an answer that shows one neuron of features.0. */
export function answer(
  change: { client?: string | undefined; seq?: number; channel?: number; y?: number; x?: number } = {},
): Answer {
  const { client = "", seq = 1, channel = 2, y = 1, x = 3 } = change;
  return {
    _catalog: {
      models: [
        { name: "tiny", label: "Tiny", bundled: true },
        { name: "alexnet", label: "AlexNet", bundled: false },
      ],
      images: [{ name: "cat", label: "a cat", thumbnail: "data:image/png;base64,AAAA" }],
      architectures: [
        { code: "TTT", name: "DeSaliNet", meaning: "masks and all" },
        { code: "FTT", name: "DeConvNet", meaning: "switches" },
        { code: "FTF", name: "FTF", meaning: "switches alone" },
      ],
    },
    _network: {
      model: "tiny",
      label: "Tiny",
      randomWeights: true,
      device: "CPU",
      precision: "float32",
      image: { name: "cat", label: "a cat", height: 4, width: 4 },
      fallbacks: [],
      classes: { layer: "classifier", names: ["ant", "bee", "cat", "<b>dog</b>", "elk"] },
      layers: LAYERS,
    },
    _photograph: inLargerBuffer([1, 2, 3]),
    _atlas_info: {
      layer: "features.0",
      channels: 3,
      height: 4,
      width: 4,
      tileHeight: 4,
      tileWidth: 4,
      minima: [-1, 0, 0],
      maxima: [1, 2, 4],
      variances: [3, 2, 1],
      stored: null,
    },
    _atlas: inLargerBuffer(new Array(48).fill(1)),
    _map: inLargerBuffer(Array.from({ length: 16 }, () => [0xff, 0x7f]).flat()),
    _pictures: inLargerBuffer(new Array(2 * 3 * 6).fill(5)),
    _view: {
      client,
      seq,
      layer: "features.0",
      neuron: { channel, y, x, value: 4, top: 0.25 },
      map: { height: 4, width: 4, scale: 4, min: 0, max: 4 },
      window: { top: 0, left: 2, height: 3, width: 2 },
      pictures: [
        { code: "FTT", name: "DeConvNet", channels: 3, scale: 2, q: 1, max: 2 },
        { code: "TTT", name: "DeSaliNet", channels: 3, scale: 0, q: 0, max: 0 },
      ],
      milliseconds: 41,
      stored: null,
      address: `tiny/features.0/${channel}@${y},${x}?FTT,TTT#cat`,
    },
    _failure: {},
    _progress: {},
    display: "paper",
  };
}

/** What a view is assembled from. */
export function viewParts(): ViewParts {
  const { _network, _atlas_info, _atlas, _view, _map, _pictures } = answer();
  return {
    network: _network,
    atlas: { info: _atlas_info, bytes: readInt8(_atlas) },
    view: _view,
    map: readInt16(_map),
    pictures: readBytes(_pictures),
  };
}

export class FakeModel implements WidgetModel {
  readonly widget_manager = { kernel: { status: "busy" } };
  readonly queries: Traits["_query"][] = [];
  readonly #traits: Partial<Traits>;
  readonly #listeners = new Set<{ readonly event: string; readonly listener: () => void }>();

  constructor(traits: Partial<Traits> = answer()) {
    this.#traits = { ...traits };
  }

  get listening(): number {
    return this.#listeners.size;
  }

  get<K extends keyof Traits>(name: K): Traits[K] {
    return this.#traits[name] as Traits[K];
  }

  set<K extends keyof Traits>(name: K, value: Traits[K]): void {
    this.#traits[name] = value;
    if (name === "_query") this.queries.push(this.get("_query"));
  }

  save_changes(): void {}

  on(event: string, listener: () => void): void {
    this.#listeners.add({ event, listener });
  }

  off(event: string, listener: () => void): void {
    for (const entry of this.#listeners)
      if (entry.event === event && entry.listener === listener) this.#listeners.delete(entry);
  }

  /** An update from the kernel. */
  receive(traits: Partial<Traits>): void {
    Object.assign(this.#traits, traits);
    for (const { event, listener } of this.#listeners) if (event.slice("change:".length) in traits) listener();
  }
}
