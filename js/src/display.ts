/**
 * Reversed pictures as pixels. A picture arrives as companded bytes, so each display mode is a table of 256
 * entries (byte → grey level or opacity) and a loop over the pixels: gain and mode change without the kernel.
 */

import { SEQUENTIAL } from "./colour_maps";
import { EXPANDED } from "./companding";
import type { Box, Extent } from "./geometry";
import type { DisplayMode } from "./protocol";

/** One reversed picture inside its window: C·h·w companded bytes and the value that ±127 stand for. */
export interface Picture {
  readonly bytes: Int8Array;
  readonly channels: number;
  readonly scale: number;
}

/** The magnitudes that a display refers to: a picture's own, or the largest of several to be compared. */
export interface Reference {
  /** The 0.5 % quantile's magnitude, which the paper's display makes nearly black. */
  readonly q: number;
  /** The magnitude that is black and white in the signed and renormalised displays, brightest in saliency. */
  readonly scale: number;
}

type Table = Uint8ClampedArray<ArrayBuffer>;

const NEUTRAL = 127.5; // a zero pixel; tables round it to 128, as every half

function table(level: (value: number) => number): Table {
  return Uint8ClampedArray.from(EXPANDED, (value) => Math.round(level(value)));
}

/** `amount` as a multiple of `unit`; nothing where the unit is zero, because then the picture is. */
function multiple(amount: number, unit: number): number {
  return unit > 0 ? amount / unit : 0;
}

/** The sigmoid of Mahendran & Vedaldi (2016), footnote 4: q ↦ 0.01, 0 ↦ ½; a picture of zeros is all ½. */
export function paperTable(scale: number, q: number, gain: number): Table {
  const slope = Math.log(99) * gain * multiple(scale, q);
  return table((value) => 255 / (1 + Math.exp(-slope * value)));
}

/** Linear around mid-grey: ±reference/gain are white and black. */
export function signedTable(scale: number, reference: number, gain: number): Table {
  const slope = gain * multiple(scale, reference);
  return table((value) => NEUTRAL + NEUTRAL * value * slope);
}

/** sign·|x|^0.1 around mid-grey (Fig. 5 of the paper): the full support of a deep neuron shows. */
export function renormalisedTable(scale: number, reference: number, gain: number): Table {
  const slope = multiple(scale, reference);
  return table((value) => NEUTRAL + NEUTRAL * Math.sign(value) * (Math.abs(value) * slope) ** 0.1 * gain);
}

/** |x| relative to the reference; the largest of the colour channels is shown. */
export function saliencyTable(scale: number, reference: number, gain: number): Table {
  const slope = gain * multiple(scale, reference);
  return table((value) => 255 * Math.abs(value) * slope);
}

/** How much of the picture covers the photograph: nothing at zero, all from the paper's quantile on. */
export function opacityTable(scale: number, q: number, gain: number): Table {
  const slope = gain * multiple(scale, q);
  return table((value) => 255 * Math.min(1, Math.abs(value) * slope));
}

export interface Painting {
  readonly mode: DisplayMode;
  readonly gain: number;
  readonly reference: Reference;
  /** The photograph's RGBA pixels at the image's size; needed by the overlay mode only. */
  readonly photograph: Uint8ClampedArray | null;
  readonly image: Extent;
}

/**
 * The RGBA pixels of `view`, a box of the image, with the picture drawn where its window lies.
 * Outside the window the picture is zero.
 */
export function paintPicture(
  picture: Picture,
  window: Box,
  view: Box,
  painting: Painting,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(view.height * view.width * 4).fill(255);
  const places = placesInWindow(window, view);
  if (painting.mode === "saliency") {
    const levels = largestOfChannels(
      picture,
      places,
      saliencyTable(picture.scale, painting.reference.scale, painting.gain),
    );
    paintSequential(levels, pixels);
    return pixels;
  }
  paintTones(picture, places, toneTable(picture, painting), pixels);
  if (painting.mode === "overlay" && painting.photograph !== null) {
    const opacities = largestOfChannels(
      picture,
      places,
      opacityTable(picture.scale, painting.reference.q, painting.gain),
    );
    mixIn(painting.photograph, painting.image, view, opacities, pixels);
  }
  return pixels;
}

/** Levels (0 … 255) in the sequential colours, into RGBA pixels that are opaque already. */
export function paintSequential(levels: Uint8Array | Table, pixels: Uint8ClampedArray): void {
  for (let pixel = 0; pixel < levels.length; pixel++) {
    const entry = (levels[pixel] ?? 0) * 3;
    for (let colour = 0; colour < 3; colour++) pixels[pixel * 4 + colour] = SEQUENTIAL[entry + colour] ?? 0;
  }
}

function toneTable({ scale }: Picture, { mode, gain, reference }: Painting): Table {
  if (mode === "signed") return signedTable(scale, reference.scale, gain);
  if (mode === "renormalised") return renormalisedTable(scale, reference.scale, gain);
  return paperTable(scale, reference.q, gain);
}

/** For each pixel of `view` its index inside the window, −1 outside. */
function placesInWindow(window: Box, view: Box): Int32Array {
  const places = new Int32Array(view.height * view.width).fill(-1);
  for (let row = 0; row < view.height; row++) {
    const y = view.top + row - window.top;
    if (y < 0 || y >= window.height) continue;
    for (let column = 0; column < view.width; column++) {
      const x = view.left + column - window.left;
      if (x >= 0 && x < window.width) places[row * view.width + column] = y * window.width + x;
    }
  }
  return places;
}

function paintTones(picture: Picture, places: Int32Array, tones: Table, pixels: Uint8ClampedArray): void {
  const area = picture.bytes.length / picture.channels;
  const zero = tones[0] ?? 0;
  // Two colour channels, or more than three, have no agreed colours: the first three are red, green, blue.
  const lastChannel = Math.min(3, picture.channels) - 1;
  for (let colour = 0; colour < 3; colour++) {
    const start = Math.min(colour, lastChannel) * area;
    for (let pixel = 0; pixel < places.length; pixel++) {
      const place = places[pixel] ?? -1;
      pixels[pixel * 4 + colour] = place < 0 ? zero : (tones[(picture.bytes[start + place] ?? 0) & 0xff] ?? 0);
    }
  }
}

function largestOfChannels(picture: Picture, places: Int32Array, levels: Table): Table {
  const area = picture.bytes.length / picture.channels;
  const largest = new Uint8ClampedArray(places.length).fill(levels[0] ?? 0);
  for (let channel = 0; channel < picture.channels; channel++) {
    for (let pixel = 0; pixel < places.length; pixel++) {
      const place = places[pixel] ?? -1;
      const level = place < 0 ? 0 : (levels[(picture.bytes[channel * area + place] ?? 0) & 0xff] ?? 0);
      if (level > (largest[pixel] ?? 0)) largest[pixel] = level;
    }
  }
  return largest;
}

/** Lets the photograph show where the picture's opacity is low. */
function mixIn(
  photograph: Uint8ClampedArray,
  image: Extent,
  view: Box,
  opacities: Table,
  pixels: Uint8ClampedArray,
): void {
  for (let pixel = 0; pixel < opacities.length; pixel++) {
    const y = view.top + Math.floor(pixel / view.width);
    const x = view.left + (pixel % view.width);
    const share = (opacities[pixel] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++) {
      const below = photograph[(y * image.width + x) * 4 + channel] ?? 0;
      const above = pixels[pixel * 4 + channel] ?? 0;
      pixels[pixel * 4 + channel] = below + (above - below) * share;
    }
  }
}
