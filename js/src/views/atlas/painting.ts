/** Draws the visible part of an atlas: tiles copied from a sheet, and the rings around some of them. */

import { opaquePixels, pictureOf } from "../../dom";
import { memoized } from "../../memoized";
import { colourScale, paintMap } from "../../pictures/colour_maps";
import type { Box } from "../../pictures/geometry";
import { type Atlas, channelExtent, type ShownView, tileOf } from "../../protocol/shown_view";

export type PlacedChannel = readonly [channel: number, box: Box];

/** So many tiles stand in a row of the sheet. */
const COLUMNS = 32;

/** Where a channel's tile stands on the sheet, in tiles. */
const onSheet = (channel: number): readonly [column: number, row: number] => [
  channel % COLUMNS,
  Math.floor(channel / COLUMNS),
];

/** All tiles painted side by side on a hidden canvas. */
const paintSheet = (atlas: Atlas): HTMLCanvasElement => {
  const { channels, tileHeight, tileWidth, minima, maxima } = atlas.info;
  const width = COLUMNS * tileWidth;
  const pixels = opaquePixels(Math.ceil(channels / COLUMNS) * tileHeight * width);
  for (let channel = 0; channel < channels; channel++) {
    const [column, row] = onSheet(channel);
    const scale = colourScale(minima[channel] ?? 0, maxima[channel] ?? 0);
    const unit = channelExtent(atlas.info, channel) / 127;
    const start = row * tileHeight * width + column * tileWidth;
    paintMap(tileOf(atlas, channel), unit, scale, pixels, tileWidth, start, width);
  }
  return pictureOf(pixels, width);
};

export type DrawAtlas = (context: CanvasRenderingContext2D, shown: ShownView, placed: readonly PlacedChannel[]) => void;

export const atlasPainter = (): DrawAtlas => {
  const sheetOf = memoized(paintSheet);
  return (context, { atlas }, placed) => {
    const { tileHeight, tileWidth } = atlas.info;
    const sheet = sheetOf(atlas);
    context.save();
    context.beginPath();
    for (const [, { left, top, width, height }] of placed) context.roundRect(left, top, width, height, 3);
    context.clip();
    for (const [channel, { left, top, width, height }] of placed) {
      // Enlarged tiles keep their pixels, reduced ones are averaged.
      context.imageSmoothingEnabled = width * devicePixelRatio < tileWidth;
      const [column, row] = onSheet(channel);
      context.drawImage(sheet, column * tileWidth, row * tileHeight, tileWidth, tileHeight, left, top, width, height);
    }
    context.restore();
  };
};

export const drawRing = (
  context: CanvasRenderingContext2D,
  { top, left, height, width }: Box,
  colour: string,
  distance: number,
  thickness: number,
): void => {
  context.strokeStyle = colour;
  context.lineWidth = thickness;
  context.beginPath();
  context.roundRect(left - distance, top - distance, width + 2 * distance, height + 2 * distance, 4);
  context.stroke();
};
