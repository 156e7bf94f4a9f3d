/** The edges of the photograph, which know of no neuron: Sobel’s gradient, companded and displayed like a picture. */

import { compand } from "./companding";
import type { Picture, Reference } from "./display";
import { type Box, clamp, type Extent } from "./geometry";

/** The quantile that the paper’s display makes nearly white. */
const QUANTILE = 0.995;

/** Returns |∇Y| inside `box` of an RGBA image, in luminance (0 … 1) a pixel; the border is repeated outwards. */
export const sobel = (pixels: Uint8ClampedArray, image: Extent, box: Box): Float32Array => {
  const luminances = new Float32Array(image.height * image.width).map((_, index) => {
    const colour = (primary: number): number => (pixels[index * 4 + primary] ?? 0) / 255;
    return 0.2126 * colour(0) + 0.7152 * colour(1) + 0.0722 * colour(2);
  });
  const luminance = (y: number, x: number): number =>
    luminances[clamp(y, 0, image.height - 1) * image.width + clamp(x, 0, image.width - 1)] ?? 0;
  return new Float32Array(box.height * box.width).map((_, index) => {
    const y = box.top + Math.floor(index / box.width);
    const x = box.left + (index % box.width);
    const across = (dy: number): number => luminance(y + dy, x + 1) - luminance(y + dy, x - 1);
    const down = (dx: number): number => luminance(y + 1, x + dx) - luminance(y - 1, x + dx);
    return Math.hypot(across(-1) + 2 * across(0) + across(1), down(-1) + 2 * down(0) + down(1)) / 8;
  });
};

/** Returns the edges inside `box` as a picture of one channel, with what its displays refer to. */
export const edgePicture = (pixels: Uint8ClampedArray, image: Extent, box: Box): Picture & Reference => {
  const magnitudes = sobel(pixels, image, box);
  const sorted = magnitudes.toSorted();
  const scale = sorted.at(-1) ?? 0;
  return {
    bytes: new Int8Array(magnitudes.map((magnitude) => compand(magnitude, scale))),
    channels: 1,
    scale,
    norm: scale,
    q: sorted[Math.floor(QUANTILE * (sorted.length - 1))] ?? 0,
  };
};
