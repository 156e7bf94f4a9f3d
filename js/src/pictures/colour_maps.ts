/**
 * Perceptually uniform colour maps for activation maps: sequential (inferno) where no value is negative, and a
 * diverging one around a black zero (blue below, orange above, of equal lightness) where some are.
 */

/** 256 colours as a canvas has them: red, green, blue and an opaque alpha in the bytes of each. */
export type ColourTable = Uint32Array<ArrayBuffer>;

/** A table between stops that are evenly apart, two hexadecimal digits for each primary of each. */
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

/** 0 … 1 in 256 entries. */
export const SEQUENTIAL: ColourTable = colourTable(
  "000004160b39420a686a176e932667bc3754dd513af37819fca50af6d746fcffa4",
);

/**
 * −1 … 1 in 256 entries; zero lies between entries 127 and 128. Lightness in OKLab rises evenly from 0 to 0.9 on both
 * sides, at the largest chroma that sRGB holds up to 0.16.
 */
export const DIVERGING: ColourTable = colourTable(
  "b1e8fe3ccaff03a4db017fb0035c85003b5b011e3300050f0000000d02002f1300552b017c4602a56401cd8506f4a91cfed898",
);

/** How the values of one map become colours: from which table, and what lies at the table's two ends. */
export interface ColourScale {
  readonly table: ColourTable;
  readonly low: number;
  readonly high: number;
}

/** The scale for values between `minimum` and `maximum`: the sign is kept where some are negative. */
export const colourScale = (minimum: number, maximum: number): ColourScale => {
  if (minimum >= 0) return { table: SEQUENTIAL, low: 0, high: maximum };
  const extent = Math.max(-minimum, maximum);
  return { table: DIVERGING, low: -extent, high: extent };
};

/** The table's entry (0 … 255) for a value; a scale without extent has its zero entry for everything. */
export const entryFor = (scale: ColourScale, value: number): number => {
  const extent = scale.high - scale.low;
  const fraction = extent > 0 ? (value - scale.low) / extent : 0;
  return Math.round(Math.min(1, Math.max(0, fraction)) * 255);
};

/** A CSS gradient of the part of the scale between `from` and `to`. */
export const gradient = (scale: ColourScale, from: number, to: number): string => {
  const bytes = new Uint8Array(scale.table.buffer);
  const colours = Array.from({ length: 17 }, (_, stop) => {
    const start = entryFor(scale, from + ((to - from) * stop) / 16) * 4;
    return `rgb(${bytes.slice(start, start + 3).join(" ")})`;
  });
  return `linear-gradient(to right, ${colours.join(", ")})`;
};

/**
 * Writes the colours of a map, whose values are given in multiples of `unit`, into RGBA pixels: `width` into each row,
 * whose rows are `stride` pixels long, from pixel `start` on.
 */
export const paintMap = (
  values: Int8Array | Int16Array,
  unit: number,
  scale: ColourScale,
  pixels: Uint8ClampedArray<ArrayBuffer>,
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

/** Levels (0 … 255) in the sequential colours, as RGBA pixels. */
export const levelPixels = (levels: Uint8Array): Uint8ClampedArray<ArrayBuffer> =>
  new Uint8ClampedArray(Uint32Array.from(levels, (level) => SEQUENTIAL[level] ?? 0).buffer);
