/** One answer of the kernel: a view and everything that is drawn for it. */

import type { DecodedImage } from "../dom";
import { memoized } from "../memoized";
import type { Picture } from "../pictures/display";
import type { Box, Place } from "../pictures/geometry";
import type { AtlasInfo, Layer, Network, NeuronPlace, PictureInfo, ViewInfo } from "./protocol";

export interface Atlas {
  readonly info: AtlasInfo;
  /** Channels × tile rows × tile columns; ±127 stand for ± the channel's largest magnitude. */
  readonly bytes: Int8Array<ArrayBuffer>;
}

export type Reconstruction = Picture & Readonly<{ info: PictureInfo }>;

export interface ShownView {
  readonly network: Network;
  /** As the network sees it. */
  readonly photograph: DecodedImage;
  readonly atlas: Atlas;
  readonly view: ViewInfo;
  readonly layer: Layer;
  /** The chosen channel; ±32767 stand for ± `view.map.scale`. */
  readonly map: Int16Array<ArrayBuffer>;
  readonly reconstructions: readonly Reconstruction[];
}

export interface ViewParts extends Pick<ShownView, "network" | "atlas" | "view" | "map"> {
  readonly pictures: Uint8Array<ArrayBuffer>;
}

export function assertConsistent(consistent: unknown): asserts consistent {
  if (!consistent) throw new Error("the kernel’s answer does not fit together");
}

/** A view without its photograph, which is decoded asynchronously. Throws where the parts do not fit together. */
export const assembleView = ({ pictures, ...parts }: ViewParts): Omit<ShownView, "photograph"> => {
  const { network, view, map } = parts;
  const { info, bytes } = parts.atlas;
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
  const reader = byteReader(pictures);
  return { ...parts, layer, reconstructions: reader.end(splitPictures(view.pictures, view.window, reader)) };
};

/** Reads bytes part by part; `end` throws where some are left or missing, and returns what was made of them. */
export const byteReader = (bytes: Uint8Array<ArrayBuffer>) => {
  let start = 0;
  return {
    take(length: number): Uint8Array<ArrayBuffer> {
      start += length;
      return bytes.subarray(start - length, start);
    },
    end<Made>(made: Made): Made {
      assertConsistent(start === bytes.length);
      return made;
    },
  };
};

/** Gives each picture its part of the bytes. */
export const splitPictures = (
  infos: readonly PictureInfo[],
  { height, width }: Box,
  { take }: ReturnType<typeof byteReader>,
): readonly Reconstruction[] =>
  infos.map((info) => {
    const { channels, scale } = info;
    return { info, bytes: take(channels * height * width), channels, scale };
  });

export const sameNeuron = (one: NeuronPlace | null, other: NeuronPlace | null): boolean =>
  one?.channel === other?.channel && one?.y === other?.y && one?.x === other?.x;

export const isVector = (layer: Layer): boolean => layer.shape.length === 1;

export const mapValue = (shown: ShownView, y: number, x: number): number =>
  ((shown.map[y * shown.view.map.width + x] ?? 0) / 32767) * shown.view.map.scale;

/** The largest magnitude of a channel, which ±127 of its tile stand for. */
export const channelExtent = (info: AtlasInfo, channel: number): number =>
  Math.max(Math.abs(info.minima[channel] ?? 0), Math.abs(info.maxima[channel] ?? 0));

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

/** The box in which any picture is not zero; empty where all are zero. */
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

/** The value of a tile at a place of its map: exact where the map is no larger than the tile. */
export const tileValue = ({ info, bytes }: Atlas, channel: number, { y, x }: Place): number => {
  const row = Math.floor((y * info.tileHeight) / info.height);
  const column = Math.floor((x * info.tileWidth) / info.width);
  const byte = bytes[(channel * info.tileHeight + row) * info.tileWidth + column] ?? 0;
  return (byte / 127) * channelExtent(info, channel);
};

/** `here`: by the value at the chosen place. */
export const CHANNEL_ORDERS = ["strongest", "here", "variance", "index"] as const;
export type ChannelOrder = (typeof CHANNEL_ORDERS)[number];

/** The channels in the order in which they are shown; without places, the strongest come first. */
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
