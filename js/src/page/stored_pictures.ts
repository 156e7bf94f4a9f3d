/**
 * Stored pictures as the bytes that a kernel would send. A pixel p stands for c = (p − 128)/127 and the value
 * sign(c)·|c|^(1/exponent)·scale; the explorer wants bytes companded with the exponent ¼ (see companding.ts).
 */

import { clamp } from "../pictures/geometry";
import type { StoredNeuron } from "./contents";
import { fromBase64 } from "./contents";

const COMPANDED = 0.25;

/** All pictures of a neuron behind one another, each C·h·w. */
export async function storedPictures({ files, pictures, window, exponent }: StoredNeuron): Promise<Int8Array> {
  const area = window.height * window.width;
  const sizes = pictures.map(({ channels }) => channels * area);
  const all = new Int8Array(sizes.reduce((sum, size) => sum + size, 0));
  const byte = companded(exponent);
  const exact = exponent === COMPANDED;
  let start = 0;
  for (const [index, size] of sizes.entries()) {
    const file = files[index] ?? "";
    if (file !== "") split(await pixelsOf(fromBase64(file)), byte, all.subarray(start, start + size), area, exact);
    start += size;
  }
  return all;
}

/** For each pixel value its byte. */
export function companded(exponent: number): Int8Array {
  return Int8Array.from({ length: 256 }, (_, pixel) => {
    const level = Math.max(-127, pixel - 128) / 127;
    return Math.round(127 * Math.sign(level) * Math.abs(level) ** (COMPANDED / exponent));
  });
}

/**
 * Without loss three channels are stored in colours, with loss as three planes: (R+2G+B)/4, (B−G)/2, (R−G)/2. Other
 * numbers of channels are planes. Planes are grey and stand under one another.
 */
function split(pixels: Uint8ClampedArray, byte: Int8Array, into: Int8Array, area: number, exact: boolean): void {
  const grey = (place: number): number => (pixels[place * 4] ?? 0) - 128;
  const set = (index: number, level: number): void => {
    into[index] = byte[clamp(Math.round(level) + 128, 0, 255)] ?? 0;
  };
  if (into.length !== 3 * area) for (let index = 0; index < into.length; index++) set(index, grey(index));
  else if (exact)
    for (let index = 0; index < into.length; index++)
      into[index] = byte[pixels[(index % area) * 4 + Math.floor(index / area)] ?? 0] ?? 0;
  else
    for (let place = 0; place < area; place++) {
      const [blue, red] = [2 * grey(area + place), 2 * grey(2 * area + place)];
      const green = grey(place) - (blue + red) / 4;
      set(place, red + green);
      set(area + place, green);
      set(2 * area + place, blue + green);
    }
}

async function pixelsOf(file: Uint8Array<ArrayBuffer>): Promise<Uint8ClampedArray> {
  const bitmap = await createImageBitmap(new Blob([file], { type: "image/webp" }), { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("this browser gives no canvas to decode pictures on");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}
