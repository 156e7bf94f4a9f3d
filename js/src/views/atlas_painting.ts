/** Draws the visible part of an atlas: tiles copied from a sheet, and the rings around some of them. */

import { ceil, floor, max, min } from "../arithmetic";
import { colourScale, paintMap } from "../colour_maps";
import { pictureOf } from "../dom";
import type { Box } from "../geometry";
import { remembered } from "../remembered";
import { type Atlas, channelExtent, type Scene } from "../scene";

export type PlacedChannel = readonly [channel: number, box: Box];

const SHEET_WIDTH = 2048;

/** The pixels of one channel's tile, into rows that are `stride` long, from pixel `start` on. */
export function paintTile(
  { info, bytes }: Atlas,
  channel: number,
  pixels: Uint8ClampedArray,
  start: number,
  stride: number,
): void {
  const area = info.tileHeight * info.tileWidth;
  const tile = bytes.subarray(channel * area, (channel + 1) * area);
  const scale = colourScale(info.minima[channel] ?? 0, info.maxima[channel] ?? 0);
  paintMap(tile, 127, channelExtent(info, channel), scale, pixels, info.tileWidth, start, stride);
}

/** All tiles painted side by side on a hidden canvas, and how many in a row. */
function paintSheet(atlas: Atlas): readonly [sheet: HTMLCanvasElement, columns: number] {
  const { channels, tileHeight, tileWidth } = atlas.info;
  const columns = min(channels, max(1, floor(SHEET_WIDTH / tileWidth)));
  const width = columns * tileWidth;
  const pixels = new Uint8ClampedArray(ceil(channels / columns) * tileHeight * width * 4);
  for (let channel = 0; channel < channels; channel++)
    paintTile(
      atlas,
      channel,
      pixels,
      floor(channel / columns) * tileHeight * width + (channel % columns) * tileWidth,
      width,
    );
  return [pictureOf(pixels, width), columns];
}

export type DrawAtlas = (context: CanvasRenderingContext2D, scene: Scene, placed: readonly PlacedChannel[]) => void;

export function atlasPainter(): DrawAtlas {
  const sheetOf = remembered(paintSheet);
  return (context, { atlas }, placed) => {
    const { tileHeight, tileWidth } = atlas.info;
    const [sheet, columns] = sheetOf(atlas);
    context.save();
    context.beginPath();
    for (const [, { left, top, width, height }] of placed) context.roundRect(left, top, width, height, 3);
    context.clip();
    for (const [channel, { left, top, width, height }] of placed) {
      // Enlarged tiles keep their pixels, reduced ones are averaged.
      context.imageSmoothingEnabled = width * devicePixelRatio < tileWidth;
      const [column, row] = [channel % columns, floor(channel / columns)];
      context.drawImage(sheet, column * tileWidth, row * tileHeight, tileWidth, tileHeight, left, top, width, height);
    }
    context.restore();
  };
}

export function drawRing(
  context: CanvasRenderingContext2D,
  { top, left, height, width }: Box,
  colour: string,
  distance: number,
  thickness: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = thickness;
  context.beginPath();
  context.roundRect(left - distance, top - distance, width + 2 * distance, height + 2 * distance, 4);
  context.stroke();
}
