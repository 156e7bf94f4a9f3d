import { expect, test } from "vitest";
import { type ColourTable, colourScale, DIVERGING, entryFor, gradient, paintMap, SEQUENTIAL } from "../src/colour_maps";

function lightness(table: ColourTable, entry: number): number {
  const [red = 0, green = 0, blue = 0] = [0, 1, 2].map((channel) => {
    const level = (table[entry * 3 + channel] ?? 0) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  return Math.cbrt(0.2126 * red + 0.7152 * green + 0.0722 * blue);
}

test("the sequential map grows lighter from end to end", () => {
  for (let entry = 2; entry < 256; entry++)
    expect(lightness(SEQUENTIAL, entry)).toBeGreaterThanOrEqual(lightness(SEQUENTIAL, entry - 2));
  expect(lightness(SEQUENTIAL, 0)).toBeLessThan(0.1);
  expect(lightness(SEQUENTIAL, 255)).toBeGreaterThan(0.9);
});

test("the diverging map is black at zero and as light below as above", () => {
  expect(lightness(DIVERGING, 127)).toBeLessThan(0.12);
  expect(lightness(DIVERGING, 128)).toBeLessThan(0.12);
  for (let distance = 0; distance < 128; distance++) {
    const [below, above] = [lightness(DIVERGING, 127 - distance), lightness(DIVERGING, 128 + distance)];
    expect(Math.abs(below - above)).toBeLessThan(0.06);
  }
});

test("negative is blue and positive is orange, so that hue tells the sign to colour-blind people as well", () => {
  for (const distance of [40, 80, 120]) {
    const [below, above] = [(127 - distance) * 3, (128 + distance) * 3];
    expect(DIVERGING[below + 2]).toBeGreaterThan(DIVERGING[below] ?? 0);
    expect(DIVERGING[above]).toBeGreaterThan(DIVERGING[above + 2] ?? 0);
  }
});

test("a map without negative values is shown from zero, another one symmetrically about zero", () => {
  expect(colourScale(0.5, 2)).toEqual({ table: SEQUENTIAL, low: 0, high: 2 });
  expect(colourScale(-3, 2)).toEqual({ table: DIVERGING, low: -3, high: 3 });
  expect(entryFor(colourScale(-3, 2), 0)).toBe(128);
  expect(entryFor(colourScale(0, 2), 9)).toBe(255);
});

test("a map of zeros has the colour of zero", () => {
  expect(entryFor(colourScale(0, 0), 0)).toBe(0);
});

test("a map is painted into its place on a wider sheet", () => {
  const pixels = new Uint8ClampedArray(4 * 4 * 2); // two rows of four pixels
  paintMap(Int8Array.of(127, 0, 0, 127), 127, 5, colourScale(0, 5), pixels, 2, 1, 4);
  const brightest = [...SEQUENTIAL.slice(255 * 3), 255];
  expect([...pixels.slice(4, 8)]).toEqual(brightest);
  expect([...pixels.slice(24, 28)]).toEqual(brightest);
  expect([...pixels.slice(0, 4)]).toEqual([0, 0, 0, 0]);
});

test("the legend's gradient runs between the colours of its ends", () => {
  const scale = colourScale(0, 1);
  expect(gradient(scale, 0, 1)).toMatch(/^linear-gradient\(to right, rgb\(0 0 4\), .*rgb\(252 255 164\)\)$/);
});
