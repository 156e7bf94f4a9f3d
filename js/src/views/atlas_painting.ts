/** Draws the visible part of an atlas: tiles copied from a sheet, and the rings around some of them. */

import { colourScale, paintMap } from "../colour_maps";
import { element, pictureOf } from "../dom";
import type { Box } from "../geometry";
import { remembered } from "../remembered";
import { type Atlas, channelExtent, type Scene } from "../scene";

export type PlacedChannel = readonly [channel: number, box: Box];

/** All tiles painted side by side on a hidden canvas. */
interface Sheet {
  readonly picture: HTMLCanvasElement;
  readonly columns: number;
}

const SHEET_WIDTH = 2048;

function paintSheet({ info, bytes }: Atlas): Sheet {
  const { channels, tileHeight, tileWidth } = info;
  const columns = Math.min(channels, Math.max(1, Math.floor(SHEET_WIDTH / tileWidth)));
  const width = columns * tileWidth;
  const area = tileHeight * tileWidth;
  const pixels = new Uint8ClampedArray(Math.ceil(channels / columns) * tileHeight * width * 4);
  for (let channel = 0; channel < channels; channel++) {
    const start = Math.floor(channel / columns) * tileHeight * width + (channel % columns) * tileWidth;
    const tile = bytes.subarray(channel * area, (channel + 1) * area);
    const scale = colourScale(info.minima[channel] ?? 0, info.maxima[channel] ?? 0);
    paintMap(tile, 127, channelExtent(info, channel), scale, pixels, tileWidth, start, width);
  }
  return { picture: pictureOf(pixels, width, element("canvas")), columns };
}

export type DrawAtlas = (context: CanvasRenderingContext2D, scene: Scene, placed: readonly PlacedChannel[]) => void;

export function atlasPainter(): DrawAtlas {
  const sheetOf = remembered(paintSheet);
  return (context, { atlas }, placed) => drawTiles(context, atlas, sheetOf(atlas), placed);
}

function drawTiles(
  context: CanvasRenderingContext2D,
  { info }: Atlas,
  sheet: Sheet,
  placed: readonly PlacedChannel[],
): void {
  const { tileHeight, tileWidth } = info;
  context.save();
  context.beginPath();
  for (const [, { left, top, width, height }] of placed) context.roundRect(left, top, width, height, 3);
  context.clip();
  for (const [channel, { left, top, width, height }] of placed) {
    const sheetLeft = (channel % sheet.columns) * tileWidth;
    const sheetTop = Math.floor(channel / sheet.columns) * tileHeight;
    // Enlarged tiles keep their pixels, reduced ones are averaged.
    context.imageSmoothingEnabled = width * window.devicePixelRatio < tileWidth;
    context.drawImage(sheet.picture, sheetLeft, sheetTop, tileWidth, tileHeight, left, top, width, height);
  }
  context.restore();
}

export function drawRing(
  context: CanvasRenderingContext2D,
  box: Box,
  colour: string,
  distance: number,
  width: number,
): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.roundRect(box.left - distance, box.top - distance, box.width + 2 * distance, box.height + 2 * distance, 4);
  context.stroke();
}
