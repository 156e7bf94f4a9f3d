/** Perceptually uniform colour maps for activation maps: inferno for values ≥ 0, else a diverging one around black. */

import type { Pixels } from "../dom";

/** 256 colours in the byte order of canvases: red, green, blue, alpha. */
export type ColourTable = Uint32Array<ArrayBuffer>;

/** Interpolates between evenly spaced stops, given as hexadecimal RGB. */
const colourTable = (stops: string): ColourTable => {
  const levels = (stops.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
  const last = levels.length / 3 - 1;
  const bytes = new Uint8ClampedArray(1024).map((_, index) => {
    const [position, primary] = [(Math.floor(index / 4) / 255) * last, index % 4];
    const lower = Math.min(Math.floor(position), last - 1);
    const [from = 0, to = 0] = [levels[lower * 3 + primary], levels[lower * 3 + 3 + primary]];
    return primary === 3 ? 255 : from + (to - from) * (position - lower);
  });
  return new Uint32Array(bytes.buffer);
};

export const SEQUENTIAL: ColourTable = colourTable(
  "000004160b39420a686a176e932667bc3754dd513af37819fca50af6d746fcffa4",
);

/** Zero lies between entries 127 and 128. OKLab lightness rises evenly to 0.9 on both sides, at a chroma of up to 0.16. */
export const DIVERGING: ColourTable = colourTable(
  "b1e8fe3ccaff03a4db017fb0035c85003b5b011e3300050f0000000d02002f1300552b017c4602a56401cd8506f4a91cfed898",
);

/** The table for the values of a map, and the values at its two ends. */
export type ColourScale = Readonly<{ table: ColourTable; low: number; high: number }>;

/** Returns the scale for values between `minimum` and `maximum`: sequential where none is negative. */
export const colourScale = (minimum: number, maximum: number): ColourScale => {
  if (minimum >= 0) return { table: SEQUENTIAL, low: 0, high: maximum };
  const extent = Math.max(-minimum, maximum);
  return { table: DIVERGING, low: -extent, high: extent };
};

/** Returns the entry (0 … 255) for a value; the entry of zero where the scale has no extent. */
export const entryFor = (scale: ColourScale, value: number): number => {
  const extent = scale.high - scale.low;
  const fraction = extent > 0 ? (value - scale.low) / extent : 0;
  return Math.round(Math.min(1, Math.max(0, fraction)) * 255);
};

/** Returns a CSS gradient of the part of the scale between `from` and `to`. */
export const gradient = (scale: ColourScale, from: number, to: number): string => {
  const bytes = new Uint8Array(scale.table.buffer);
  const colours = Array.from({ length: 17 }, (_, stop) => {
    const start = entryFor(scale, from + ((to - from) * stop) / 16) * 4;
    return `rgb(${bytes.slice(start, start + 3).join(" ")})`;
  });
  return `linear-gradient(to right, ${colours.join(", ")})`;
};

/** Paints values in multiples of `unit` into RGBA pixels: rows of `width` from pixel `start` on, `stride` pixels apart. */
export const paintMap = (
  values: Int8Array | Int16Array,
  unit: number,
  scale: ColourScale,
  pixels: Pixels,
  width: number,
  start: number,
  stride: number,
): void => {
  const colours = new Uint32Array(pixels.buffer);
  values.forEach((value, index) => {
    colours[start + Math.floor(index / width) * stride + (index % width)] =
      scale.table[entryFor(scale, value * unit)] ?? 0;
  });
};

/** Returns levels (0 … 255) in the sequential colours, as RGBA pixels. */
export const levelPixels = (levels: Uint8Array): Pixels =>
  new Uint8ClampedArray(Uint32Array.from(levels, (level) => SEQUENTIAL[level] ?? 0).buffer);
