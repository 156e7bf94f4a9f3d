import { expect, test } from "vitest";
import {
  type ColourTable,
  colourScale,
  DIVERGING,
  entryFor,
  gradient,
  levelPixels,
  paintMap,
  SEQUENTIAL,
} from "../../src/pictures/colour_maps";

/** The bytes of one of a table's colours. */
function bytesOf(table: ColourTable, entry: number): number[] {
  return [...new Uint8Array(table.buffer).slice(entry * 4, entry * 4 + 4)];
}

function lightness(table: ColourTable, entry: number): number {
  const [red = 0, green = 0, blue = 0] = [0, 1, 2].map((channel) => {
    const level = (bytesOf(table, entry)[channel] ?? 0) / 255;
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
    const [below, above] = [bytesOf(DIVERGING, 127 - distance), bytesOf(DIVERGING, 128 + distance)];
    expect(below[2]).toBeGreaterThan(below[0] ?? 255);
    expect(above[0]).toBeGreaterThan(above[2] ?? 255);
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
  paintMap(Int8Array.of(127, 0, 0, 127), 5 / 127, colourScale(0, 5), pixels, 2, 1, 4);
  const brightest = bytesOf(SEQUENTIAL, 255);
  expect([...pixels.slice(4, 8)]).toEqual(brightest);
  expect([...pixels.slice(24, 28)]).toEqual(brightest);
  expect([...pixels.slice(0, 4)]).toEqual([0, 0, 0, 0]);
});

test("the legend's gradient runs between the colours of its ends", () => {
  const scale = colourScale(0, 1);
  expect(gradient(scale, 0, 1)).toMatch(/^linear-gradient\(to right, rgb\(0 0 4\), .*rgb\(252 255 164\)\)$/);
});

test("levels are painted in the sequential colours", () => {
  expect([...levelPixels(Uint8Array.of(0, 255))]).toEqual([...bytesOf(SEQUENTIAL, 0), ...bytesOf(SEQUENTIAL, 255)]);
});
