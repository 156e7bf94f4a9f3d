/** Pictures as pixels: each display mode is a table of 256 entries, so that gain and mode change without the kernel. */

import { opaquePixels, type Pixels } from "../dom";
import { SEQUENTIAL } from "./colour_maps";
import { EXPANDED } from "./companding";
import { type Box, contains, type Extent } from "./geometry";

export const DISPLAY_MODES = ["paper", "signed", "renormalised", "saliency", "magnitude", "overlay"] as const;
export type DisplayMode = (typeof DISPLAY_MODES)[number];

/** A picture inside its window: C·h·w companded bytes, and the value that ±127 stand for. */
export type Picture = Readonly<{ bytes: Uint8Array | Int8Array; channels: number; scale: number }>;

/** What a display refers to: a picture’s own magnitudes, or the largest of several that are compared. */
export interface Reference {
  /** The magnitude of the 0.5 % quantile, nearly black in the paper’s display. */
  readonly q: number;
  /** Black and white in the signed and renormalised displays, brightest in saliency. */
  readonly scale: number;
  /** The largest Euclidean norm over a pixel’s channels, white in the magnitude display. */
  readonly norm: number;
}

/** A value in units of the reference → a grey level, of which ½ is zero, or a magnitude. */
const LEVELS = {
  /** The sigmoid of Mahendran & Vedaldi (2016), footnote 4: the quantile ↦ 0.99. */
  paper: (value: number, gain: number): number => 1 / (1 + 99 ** (-gain * value)),
  /** Linear: ±reference/gain are white and black. */
  signed: (value: number, gain: number): number => 0.5 + 0.5 * gain * value,
  /** sign·|x|^0.1 (Fig. 5 of the paper): the full support of a deep neuron shows. */
  renormalised: (value: number, gain: number): number => 0.5 + 0.5 * gain * Math.sign(value) * Math.abs(value) ** 0.1,
  saliency: (value: number, gain: number): number => gain * Math.abs(value),
  /** Of a pixel’s norm, which no table of single values holds. */
  magnitude: (norm: number, gain: number): number => gain * norm,
};

/** The Euclidean norm over the channels at a place of the window, in units of the picture’s `scale`. */
const normAt = ({ bytes, channels }: Picture, at: number): number => {
  let squares = 0;
  for (let place = at; place < bytes.length; place += bytes.length / channels)
    squares += (EXPANDED[(bytes[place] ?? 0) & 0xff] ?? 0) ** 2;
  return Math.sqrt(squares);
};

const norms = new WeakMap<Picture, number>();

/** The largest norm of a picture’s pixels, computed once for each picture. */
export const largestNorm = (picture: Picture): number => {
  const known = norms.get(picture);
  if (known !== undefined) return known;
  let largest = 0;
  const area = picture.bytes.length / picture.channels;
  for (let at = 0; at < area; at++) largest = Math.max(largest, normAt(picture, at));
  largest *= picture.scale;
  norms.set(picture, largest);
  return largest;
};

/** Returns a level (0 … 255) for each byte of a picture whose ±127 stand for `scale`; the level of zero if the unit is 0. */
export const levelTable = (kind: keyof typeof LEVELS, scale: number, unit: number, gain: number): Pixels => {
  const slope = unit > 0 ? scale / unit : 0;
  return Uint8ClampedArray.from(EXPANDED, (value) => 255 * LEVELS[kind](slope * value, gain));
};

export interface Painting {
  readonly mode: DisplayMode;
  readonly gain: number;
  readonly reference: Reference;
  /** RGBA at the image’s size; needed by the overlay mode only. */
  readonly photograph: Uint8ClampedArray | null;
  readonly image: Extent;
}

/** Returns the RGBA pixels of `view`, a box of the image. Outside its window a picture is zero. */
export const paintPicture = (
  picture: Picture,
  window: Box,
  view: Box,
  { mode, gain, reference, photograph, image }: Painting,
): Pixels => {
  const { bytes, channels, scale } = picture;
  const pixels = opaquePixels(view.height * view.width);
  const colours = new Uint32Array(pixels.buffer);
  const [kind, unit] =
    mode === "overlay" || mode === "paper" ? (["paper", reference.q] as const) : ([mode, reference.scale] as const);
  const tones = levelTable(kind, scale, unit, gain);
  const magnitudes = levelTable("saliency", scale, mode === "overlay" ? reference.q : reference.scale, gain);
  const slope = reference.norm > 0 ? scale / reference.norm : 0;
  const area = bytes.length / channels;
  // Other numbers of channels have no agreed colours: the first three are red, green, blue; the first of two is grey.
  const last = channels < 3 ? 0 : 2;
  /** The pixel's place in the window, −1 outside. */
  let at = -1;
  const level = (table: Pixels, channel: number): number =>
    table[at < 0 ? 0 : (bytes[channel * area + at] ?? 0) & 0xff] ?? 0;
  for (let pixel = 0; pixel < colours.length; pixel++) {
    const y = view.top + Math.floor(pixel / view.width);
    const x = view.left + (pixel % view.width);
    at = contains(window, { y, x }) ? (y - window.top) * window.width + x - window.left : -1;
    let largest = 0;
    if (mode === "saliency" || mode === "overlay")
      for (let channel = 0; channel < channels; channel++) largest = Math.max(largest, level(magnitudes, channel));
    if (mode === "saliency") colours[pixel] = SEQUENTIAL[largest] ?? 0;
    else if (mode === "magnitude") {
      const grey = 255 * LEVELS.magnitude(at < 0 ? 0 : slope * normAt(picture, at), gain);
      pixels.fill(grey, pixel * 4, pixel * 4 + 3);
    } else
      for (let colour = 0; colour < 3; colour++) {
        const tone = level(tones, Math.min(colour, last));
        const below = photograph?.[(y * image.width + x) * 4 + colour] ?? 0;
        // The photograph shows where the picture's opacity is low.
        pixels[pixel * 4 + colour] = mode === "overlay" && photograph ? below + ((tone - below) * largest) / 255 : tone;
      }
  }
  return pixels;
};
