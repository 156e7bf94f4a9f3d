/** All tiles of an atlas painted side by side on one hidden canvas, from which the visible ones are copied. */

import { colourScale, paintMap } from "../colour_maps";
import { pictureOf } from "../dom";
import { type Atlas, channelExtent } from "../scene";

export interface AtlasSheet {
  readonly picture: HTMLCanvasElement;
  /** The left and the top of a channel's tile. */
  readonly position: (channel: number) => readonly [left: number, top: number];
}

const SHEET_WIDTH = 2048;

export function paintAtlas({ info, bytes }: Atlas): AtlasSheet {
  const { channels, tileHeight, tileWidth } = info;
  const columns = Math.min(channels, Math.max(1, Math.floor(SHEET_WIDTH / tileWidth)));
  const width = columns * tileWidth;
  const pixels = new Uint8ClampedArray(Math.ceil(channels / columns) * tileHeight * width * 4);
  const position = (channel: number): readonly [number, number] => [
    (channel % columns) * tileWidth,
    Math.floor(channel / columns) * tileHeight,
  ];
  const area = tileHeight * tileWidth;
  for (let channel = 0; channel < channels; channel++) {
    const [left, top] = position(channel);
    const tile = bytes.subarray(channel * area, (channel + 1) * area);
    const scale = colourScale(info.minima[channel] ?? 0, info.maxima[channel] ?? 0);
    paintMap(tile, 127, channelExtent(info, channel), scale, pixels, tileWidth, top * width + left, width);
  }
  return { picture: pictureOf(pixels, width), position };
}
