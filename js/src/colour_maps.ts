/**
 * Perceptually uniform colour maps for activation maps: sequential (inferno) where no value is negative, and a
 * diverging one around a black zero (blue below, orange above, of equal lightness) where some are.
 */

import { floor, max, min, round } from "./arithmetic";

/** 256 colours, three bytes each. */
export type ColourTable = Uint8ClampedArray<ArrayBuffer>;

/** A table of 256 colours between stops that are evenly apart, two hexadecimal digits for each primary of each. */
function colourTable(stops: string): ColourTable {
  const levels = (stops.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
  const last = levels.length / 3 - 1;
  return new Uint8ClampedArray(256 * 3).map((_, index) => {
    const position = (floor(index / 3) / 255) * last;
    const lower = min(floor(position), last - 1) * 3 + (index % 3);
    const from = levels[lower] ?? 0;
    return from + ((levels[lower + 3] ?? 0) - from) * (position - floor(lower / 3));
  });
}

/** 0 … 1 in 256 entries. */
export const SEQUENTIAL: ColourTable = colourTable(
  "000004160b39420a686a176e932667bc3754dd513af37819fca50af6d746fcffa4",
);

/**
 * −1 … 1 in 256 entries; zero lies between entries 127 and 128. Lightness in OKLab rises evenly from 0 to 0.9 on both
 * sides, at the largest chroma that sRGB holds up to 0.16.
 */
export const DIVERGING: ColourTable = colourTable(
  "b1e8fe3ccaff03a4db017fb0035c85023b5b011e3300050f0000000d02002f1300552b017c4602a56401cd8506f4a91cfed898",
);

/** How the values of one map become colours: from which table, and what lies at the table's two ends. */
export interface ColourScale {
  readonly table: ColourTable;
  readonly low: number;
  readonly high: number;
}

/** The scale for values between `minimum` and `maximum`: the sign is kept where some are negative. */
export function colourScale(minimum: number, maximum: number): ColourScale {
  if (minimum >= 0) return { table: SEQUENTIAL, low: 0, high: maximum };
  const extent = max(-minimum, maximum);
  return { table: DIVERGING, low: -extent, high: extent };
}

/** The table's entry (0 … 255) for a value; a scale without extent has its zero entry for everything. */
export function entryFor(scale: ColourScale, value: number): number {
  const extent = scale.high - scale.low;
  const fraction = extent > 0 ? (value - scale.low) / extent : 0;
  return round(min(1, max(0, fraction)) * 255);
}

/** A CSS gradient of the part of the scale between `from` and `to`. */
export function gradient(scale: ColourScale, from: number, to: number): string {
  const colours = Array.from({ length: 17 }, (_, stop) => {
    const entry = entryFor(scale, from + ((to - from) * stop) / 16) * 3;
    return `rgb(${scale.table.slice(entry, entry + 3).join(" ")})`;
  });
  return `linear-gradient(to right, ${colours.join(", ")})`;
}

/**
 * The pixels of a map. `bytes` are values in −`levels` … `levels` that stand for −`extent` … `extent`;
 * writes width·height RGBA pixels into `pixels`, whose rows are `stride` pixels long, from pixel `start` on.
 */
export function paintMap(
  bytes: Int8Array | Int16Array,
  levels: number,
  extent: number,
  scale: ColourScale,
  pixels: Uint8ClampedArray,
  width: number,
  start: number,
  stride: number,
): void {
  for (let index = 0; index < bytes.length; index++) {
    const entry = entryFor(scale, ((bytes[index] ?? 0) / levels) * extent) * 3;
    const pixel = (start + floor(index / width) * stride + (index % width)) * 4;
    pixels[pixel] = scale.table[entry] ?? 0;
    pixels[pixel + 1] = scale.table[entry + 1] ?? 0;
    pixels[pixel + 2] = scale.table[entry + 2] ?? 0;
    pixels[pixel + 3] = 255;
  }
}
