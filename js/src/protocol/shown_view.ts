/** One consistent answer of the kernel: a view and everything that is drawn for it, checked to fit together. */

import { memoized } from "../memoized";
import type { Picture } from "../pictures/display";
import type { Box, Place } from "../pictures/geometry";
import type { Photograph } from "./photograph";
import type { AtlasInfo, Layer, Network, NeuronPlace, PictureInfo, ViewInfo } from "./protocol";

export interface Atlas {
  readonly info: AtlasInfo;
  /** Channels × tile rows × tile columns; ±127 stand for ± the channel's largest magnitude. */
  readonly bytes: Int8Array<ArrayBuffer>;
}

export interface Reconstruction extends Picture {
  readonly info: PictureInfo;
}

export interface ShownView {
  readonly network: Network;
  readonly photograph: Photograph;
  readonly atlas: Atlas;
  readonly view: ViewInfo;
  readonly layer: Layer;
  /** The chosen channel; ±32767 stand for ± `view.map.scale`. */
  readonly map: Int16Array<ArrayBuffer>;
  readonly reconstructions: readonly Reconstruction[];
}

export interface ViewParts {
  readonly network: Network;
  readonly atlas: Atlas;
  readonly view: ViewInfo;
  readonly map: Int16Array<ArrayBuffer>;
  readonly pictures: Uint8Array<ArrayBuffer>;
}

export function assertConsistent(fits: unknown): asserts fits {
  if (!fits) throw new Error("the kernel’s answer does not fit together");
}

/** Everything of a shown but the photograph, which is decoded asynchronously. */
export const assembleView = ({ network, atlas, view, map, pictures }: ViewParts): Omit<ShownView, "photograph"> => {
  const { info, bytes } = atlas;
  const layer = network.layers.find(({ name }) => name === view.layer);
  assertConsistent(layer);
  const { channels, minima, maxima, variances } = info;
  assertConsistent(
    info.layer === view.layer &&
      view.neuron.channel < channels &&
      bytes.length === channels * info.tileHeight * info.tileWidth &&
      [minima, maxima, variances].every(({ length }) => length === channels) &&
      map.length === view.map.height * view.map.width,
  );
  const parts = byteReader(pictures);
  return {
    network,
    atlas,
    view,
    layer,
    map,
    reconstructions: parts.end(splitPictures(view.pictures, view.window, parts)),
  };
};

export interface Parts {
  /** The next so many bytes. */
  take(length: number): Uint8Array<ArrayBuffer>;
  /** Returns what was made of the parts, of which none may be left over or have been missing. */
  end<Made>(made: Made): Made;
}

/** Hands out bytes part by part. */
export const byteReader = (bytes: Uint8Array<ArrayBuffer>): Parts => {
  let start = 0;
  return {
    take(length) {
      start += length;
      return bytes.subarray(start - length, start);
    },
    end(made) {
      assertConsistent(start === bytes.length);
      return made;
    },
  };
};

/** Pictures of one window, each with its own of the bytes that came for all. */
export const splitPictures = (
  infos: readonly PictureInfo[],
  { height, width }: Box,
  { take }: Parts,
): readonly Reconstruction[] =>
  infos.map((info) => {
    const { channels, scale } = info;
    return { info, bytes: take(channels * height * width), channels, scale };
  });

export const sameNeuron = (one: NeuronPlace | null, other: NeuronPlace | null): boolean =>
  one?.channel === other?.channel && one?.y === other?.y && one?.x === other?.x;

/** A layer whose output has channels but no places. */
export const isVector = (layer: Layer): boolean => layer.shape.length === 1;

/** The value at one place of the chosen map. */
export const mapValue = (shown: ShownView, y: number, x: number): number =>
  ((shown.map[y * shown.view.map.width + x] ?? 0) / 32767) * shown.view.map.scale;

/** The largest magnitude of a channel, which ±127 of its tile stand for. */
export const channelExtent = (info: AtlasInfo, channel: number): number =>
  Math.max(Math.abs(info.minima[channel] ?? 0), Math.abs(info.maxima[channel] ?? 0));

/** The values of a channel's tile. */
export const tileOf = ({ info, bytes }: Atlas, channel: number): Int8Array => {
  const area = info.tileHeight * info.tileWidth;
  return bytes.subarray(channel * area, (channel + 1) * area);
};

/** The probabilities that raw scores stand for. */
export const softmax = (scores: readonly number[]): readonly number[] => {
  const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return exponentials.map((value) => value / sum);
};

/** The box of the image in which any of the pictures is not zero; of zero size where all are. */
export const support = ({ view: { window }, reconstructions }: ShownView): Box => {
  let [top, left, bottom, right] = [window.height, window.width, 0, 0];
  for (const { bytes } of reconstructions) {
    bytes.forEach((byte, index) => {
      if (!byte) return;
      const y = Math.floor(index / window.width) % window.height;
      const x = index % window.width;
      [top, left] = [Math.min(top, y), Math.min(left, x)];
      [bottom, right] = [Math.max(bottom, y + 1), Math.max(right, x + 1)];
    });
  }
  return {
    top: window.top + top,
    left: window.left + left,
    height: Math.max(0, bottom - top),
    width: Math.max(0, right - left),
  };
};

/** What a channel's tile tells of a place of its map: exact where the map is no larger than the tile. */
export const tileValue = ({ info, bytes }: Atlas, channel: number, { y, x }: Place): number => {
  const row = Math.floor((y * info.tileHeight) / info.height);
  const column = Math.floor((x * info.tileWidth) / info.width);
  const byte = bytes[(channel * info.tileHeight + row) * info.tileWidth + column] ?? 0;
  return (byte / 127) * channelExtent(info, channel);
};

/** By the largest value, by the value at the chosen place, by the variance, or by the number. */
export const CHANNEL_ORDERS = ["strongest", "here", "variance", "index"] as const;
export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

/** The channels of a shown in the order in which they are shown; where they have no places, the strongest come first. */
export const shownChannels = (
  { atlas, layer, view: { neuron } }: Pick<ShownView, "atlas" | "layer" | "view">,
  order: ChannelOrder,
): readonly number[] => orderedChannels(atlas, isVector(layer) ? "strongest" : order, neuron.y ?? 0, neuron.x ?? 0);

export const orderedChannels = memoized(
  (atlas: Atlas, order: ChannelOrder, y: number, x: number): readonly number[] => {
    const { stored, maxima, variances } = atlas.info;
    const channels = stored ?? [...maxima.keys()];
    const values = {
      strongest: maxima,
      here: maxima.map((_, channel) => tileValue(atlas, channel, { y, x })),
      variance: variances,
      index: maxima.map((_, channel) => -channel),
    }[order];
    return channels.toSorted((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  },
);
