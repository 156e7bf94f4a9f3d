/** One consistent answer of the kernel: a view and everything that is drawn for it, checked to fit together. */

import type { Picture } from "./display";
import type { Box, Extent } from "./geometry";
import type { Photograph } from "./photograph";
import type { AtlasInfo, Layer, Network, PictureInfo, View } from "./protocol";

export interface Atlas {
  readonly info: AtlasInfo;
  /** Channels × tile rows × tile columns; ±127 stand for ± the channel's largest magnitude. */
  readonly bytes: Int8Array<ArrayBuffer>;
}

export interface Reconstruction extends Picture {
  readonly info: PictureInfo;
}

export interface Scene {
  readonly network: Network;
  readonly photograph: Photograph;
  readonly atlas: Atlas;
  readonly view: View;
  readonly layer: Layer;
  /** The chosen channel; ±32767 stand for ± `view.map.scale`. */
  readonly map: Int16Array<ArrayBuffer>;
  readonly reconstructions: readonly Reconstruction[];
}

export interface SceneParts {
  readonly network: Network;
  readonly atlas: Atlas;
  readonly view: View;
  readonly map: Int16Array<ArrayBuffer>;
  readonly pictures: Int8Array<ArrayBuffer>;
}

export function mustFit(fits: boolean, what: string): void {
  if (!fits) throw new Error(`the kernel's answer does not fit together: ${what}`);
}

/** Everything of a scene but the photograph, which is decoded asynchronously. */
export function assembleScene({ network, atlas, view, map, pictures }: SceneParts): Omit<Scene, "photograph"> {
  const { info } = atlas;
  const layer = network.layers.find(({ name }) => name === view.layer);
  if (!layer) throw new Error(`the kernel shows the layer ${view.layer}, which its network lacks`);
  mustFit(info.layer === view.layer, "the atlas is of another layer");
  mustFit(atlas.bytes.length === info.channels * info.tileHeight * info.tileWidth, "the atlas has another size");
  for (const values of [info.minima, info.maxima, info.variances])
    mustFit(values.length === info.channels, "the atlas has other channels");
  mustFit(view.neuron.channel < info.channels, "the neuron is not in the layer");
  mustFit(map.length === view.map.height * view.map.width, "the map has another size");
  return { network, atlas, view, layer, map, reconstructions: splitPictures(view.pictures, view.window, pictures) };
}

/** Pictures of one window, each with its own of the bytes that came for all. */
export function splitPictures(
  infos: readonly PictureInfo[],
  window: Box,
  bytes: Int8Array<ArrayBuffer>,
): readonly Reconstruction[] {
  const area = window.height * window.width;
  let start = 0;
  const reconstructions = infos.map((info): Reconstruction => {
    const end = start + info.channels * area;
    const own = bytes.subarray(start, end);
    start = end;
    return { info, bytes: own, channels: info.channels, scale: info.scale };
  });
  mustFit(start === bytes.length, "the pictures have another size");
  return reconstructions;
}

/** A layer whose output has channels but no places. */
export function isVector(layer: Layer): boolean {
  return layer.shape.length === 1;
}

export function mapExtent(scene: Scene): Extent {
  return scene.view.map;
}

/** The value at one place of the chosen map. */
export function mapValue(scene: Scene, y: number, x: number): number {
  return ((scene.map[y * scene.view.map.width + x] ?? 0) / 32767) * scene.view.map.scale;
}

/** The largest magnitude of a channel, which ±127 of its tile stand for. */
export function channelExtent(info: AtlasInfo, channel: number): number {
  return Math.max(Math.abs(info.minima[channel] ?? 0), Math.abs(info.maxima[channel] ?? 0));
}

/** The probabilities that raw scores stand for. */
export function softmax(scores: readonly number[]): readonly number[] {
  const most = scores.reduce((high, score) => Math.max(high, score), -Infinity);
  const exponentials = scores.map((score) => Math.exp(score - most));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
}

/** The box of the image in which any of the pictures is not zero; of zero size where all are. */
export function support({ view: { window }, reconstructions }: Pick<Scene, "view" | "reconstructions">): Box {
  let [top, left, bottom, right] = [window.height, window.width, 0, 0];
  for (const { bytes } of reconstructions) {
    for (let index = 0; index < bytes.length; index++) {
      if (!bytes[index]) continue;
      const y = Math.floor(index / window.width) % window.height;
      const x = index % window.width;
      top = Math.min(top, y);
      left = Math.min(left, x);
      bottom = Math.max(bottom, y + 1);
      right = Math.max(right, x + 1);
    }
  }
  return {
    top: window.top + top,
    left: window.left + left,
    height: Math.max(0, bottom - top),
    width: Math.max(0, right - left),
  };
}

export const CHANNEL_ORDERS = ["strongest", "variance", "index"] as const;
export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

const orders = new WeakMap<AtlasInfo, Map<ChannelOrder, readonly number[]>>();

/** The channels of a scene in the order in which they are shown; where they have no places, the strongest come first. */
export function shownChannels(
  { atlas, layer }: Pick<Scene, "atlas" | "layer">,
  order: ChannelOrder,
): readonly number[] {
  return orderedChannels(atlas.info, isVector(layer) ? "strongest" : order);
}

/** Computed once for each atlas. */
export function orderedChannels(info: AtlasInfo, order: ChannelOrder): readonly number[] {
  const known = orders.get(info) ?? new Map<ChannelOrder, readonly number[]>();
  orders.set(info, known);
  const found = known.get(order);
  if (found !== undefined) return found;
  const channels = info.stored?.slice() ?? Array.from({ length: info.channels }, (_, channel) => channel);
  const by = (values: readonly number[]): number[] => channels.sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  const sorted = order === "index" ? channels : by(order === "strongest" ? info.maxima : info.variances);
  known.set(order, sorted);
  return sorted;
}
