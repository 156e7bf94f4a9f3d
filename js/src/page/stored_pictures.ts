/** Decodes stored pictures into the bytes that a kernel sends. A pixel p is the level p − 128; see export/coding.py. */

import { decodeImage } from "../dom";
import { clamp } from "../pictures/geometry";
import { fromBase64, type StoredNeuron } from "./contents";

/** The exponent of companded bytes, and of pictures that are stored without loss. */
const COMPANDED = 0.25;

/** All pictures of a neuron behind one another, each C·h·w. */
export async function storedPictures({ files, pictures, window, exponent }: StoredNeuron): Promise<Int8Array> {
  const area = window.height * window.width;
  const all = new Int8Array(pictures.reduce((size, { channels }) => size + channels * area, 0));
  const table = companded(exponent);
  const byteOf = (level: number): number => table[clamp(Math.round(level) + 128, 0, 255)] ?? 0;
  let start = 0;
  for (const [index, { channels }] of pictures.entries()) {
    const file = files[index];
    if (file) {
      const { pixels } = await decodeImage(fromBase64(file));
      all.set(levels(pixels, channels, area, exponent).map(byteOf), start);
    }
    start += channels * area;
  }
  return all;
}

export function companded(exponent: number): Int8Array {
  return Int8Array.from({ length: 256 }, (_, pixel) => {
    const level = Math.max(-127, pixel - 128) / 127;
    return Math.round(127 * Math.sign(level) * Math.abs(level) ** (COMPANDED / exponent));
  });
}

/** The levels, channel by channel: stored in colours, as planes (R+2G+B)/4, (B−G)/2, (R−G)/2, or one plane a channel. */
function levels(pixels: Uint8ClampedArray, channels: number, area: number, exponent: number): Float32Array {
  const colours = channels === 3 && exponent === COMPANDED;
  const stored = Float32Array.from({ length: channels * area }, (_, index) => {
    const at = colours ? (index % area) * 4 + Math.floor(index / area) : index * 4;
    return (pixels[at] ?? 0) - 128;
  });
  if (channels !== 3 || colours) return stored;
  const plane = (number: number, place: number): number => stored[number * area + (place % area)] ?? 0;
  return stored.map((_, index) => {
    const [blue, red] = [2 * plane(1, index), 2 * plane(2, index)];
    const green = plane(0, index) - (blue + red) / 4;
    return green + ([red, 0, blue][Math.floor(index / area)] ?? 0);
  });
}
