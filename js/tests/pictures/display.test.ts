import { describe, expect, test } from "vitest";
import { SEQUENTIAL } from "../../src/pictures/colour_maps";
import type { DisplayMode } from "../../src/pictures/display";
import { largestNorm, levelTable, type Painting, paintPicture } from "../../src/pictures/display";

const IMAGE = { height: 4, width: 4 };

function painting(mode: DisplayMode, change: Partial<Painting> = {}): Painting {
  return { mode, gain: 1, reference: { q: 0.5, scale: 1, norm: 1 }, photograph: null, image: IMAGE, ...change };
}

function at(pixels: Uint8ClampedArray, pixel: number): number[] {
  return [...pixels.slice(pixel * 4, pixel * 4 + 4)];
}

describe("the paper's display", () => {
  test("makes −q nearly black, zero grey and q nearly white", () => {
    const table = levelTable("paper", 1, 1, 1);
    expect(table[-127 & 0xff]).toBe(Math.round(0.01 * 255));
    expect(table[0]).toBe(128);
    expect(table[127]).toBe(Math.round(0.99 * 255));
  });

  test("shows a picture of zeros as grey", () => {
    expect(new Set(levelTable("paper", 0, 0, 1))).toEqual(new Set([128]));
  });

  test("is steeper with more gain", () => {
    expect(levelTable("paper", 1, 4, 1)[90] ?? 0).toBeLessThan(levelTable("paper", 1, 4, 3)[90] ?? 0);
  });
});

test("the signed display is linear about mid-grey and clips", () => {
  const table = levelTable("signed", 1, 1, 1);
  expect([table[-127 & 0xff], table[0], table[127]]).toEqual([0, 128, 255]);
  expect(levelTable("signed", 1, 1, 4)[126]).toBe(255);
  expect(levelTable("signed", 1, 2, 1)[127]).toBe(Math.round(127.5 + 127.5 / 2)); // beside a picture twice as strong
});

test("the renormalised display lifts what is small", () => {
  const value = (20 / 127) ** 4;
  expect(levelTable("renormalised", 1, 1, 1)[20]).toBe(Math.round(127.5 + 127.5 * value ** 0.1));
  expect(levelTable("renormalised", 1, 1, 1)[20] ?? 0).toBeGreaterThan(180);
  expect(levelTable("renormalised", 0, 0, 1)[0]).toBe(128);
});

test("saliency forgets the sign", () => {
  expect(levelTable("saliency", 1, 1, 1)[-100 & 0xff]).toBe(levelTable("saliency", 1, 1, 1)[100]);
  expect(levelTable("saliency", 1, 0.5, 1)[-127 & 0xff]).toBe(255);
  expect(levelTable("saliency", 1, 0.5, 1)[0]).toBe(0);
});

describe("a picture", () => {
  const window = { top: 1, left: 2, height: 2, width: 1 };
  const picture = { bytes: Int8Array.of(127, -127, 0, 0, -127, 127), channels: 3, scale: 1 };

  test("is drawn with its channels as red, green and blue", () => {
    const pixels = paintPicture(picture, window, window, painting("signed"));
    expect(pixels.length).toBe(2 * 4);
    expect(at(pixels, 0)).toEqual([255, 128, 0, 255]);
    expect(at(pixels, 1)).toEqual([0, 128, 255, 255]);
  });

  test("lies at its window in the whole image, with zero around", () => {
    const pixels = paintPicture(picture, window, { top: 0, left: 0, ...IMAGE }, painting("paper"));
    expect(at(pixels, 1 * 4 + 2)).toEqual([255, 128, 0, 255]);
    expect(at(pixels, 2 * 4 + 2)).toEqual([0, 128, 255, 255]);
    expect(at(pixels, 2 * 4 + 3)).toEqual([128, 128, 128, 255]);
  });

  test("of one channel or two shows the first in grey, of four the first three in colour", () => {
    const whole = { top: 0, left: 0, height: 1, width: 1 };
    const one = (bytes: Int8Array): number[] =>
      at(paintPicture({ bytes, channels: bytes.length, scale: 1 }, whole, whole, painting("signed")), 0);
    expect(one(Int8Array.of(127))).toEqual([255, 255, 255, 255]);
    expect(one(Int8Array.of(127, -127))).toEqual([255, 255, 255, 255]);
    expect(one(Int8Array.of(127, -127, 127, 0))).toEqual([255, 0, 255, 255]);
  });

  test("as saliency takes the largest channel in the sequential colours", () => {
    const pixels = paintPicture(picture, window, { top: 0, left: 0, ...IMAGE }, painting("saliency"));
    expect(at(pixels, 6)).toEqual([...new Uint8Array(SEQUENTIAL.buffer).slice(255 * 4)]);
    expect(at(pixels, 0)).toEqual([...new Uint8Array(SEQUENTIAL.buffer).slice(0, 4)]);
  });

  test("as magnitude is the norm over its channels, in grey, and black outside", () => {
    const colours = { bytes: Int8Array.of(127, 64, -127, 0, 0, -127), channels: 3, scale: 2 };
    const reference = { q: 1, scale: 2, norm: largestNorm(colours) };
    expect(reference.norm).toBeCloseTo(2 * Math.SQRT2, 12);
    const drawn = (change: Partial<Painting> = {}): Uint8ClampedArray =>
      paintPicture(colours, window, { top: 0, left: 0, ...IMAGE }, painting("magnitude", { reference, ...change }));
    const pixels = drawn();
    expect(at(pixels, 6)).toEqual([255, 255, 255, 255]);
    const second = Math.round(255 * Math.sqrt((1 + (64 / 127) ** 8) / 2));
    expect(at(pixels, 10)).toEqual([second, second, second, 255]);
    expect(at(pixels, 0)).toEqual([0, 0, 0, 255]);
    const half = drawn({ gain: 0.5 });
    expect(at(half, 6)).toEqual([128, 128, 128, 255]);
    const beside = drawn({ reference: { ...reference, norm: 2 * reference.norm } }); // a picture twice as strong
    expect(at(beside, 6)).toEqual([128, 128, 128, 255]);
  });

  test("of zeros has no magnitude", () => {
    const zeros = { bytes: new Int8Array(6), channels: 3, scale: 0 };
    const reference = { q: 0, scale: 0, norm: largestNorm(zeros) };
    expect(at(paintPicture(zeros, window, window, painting("magnitude", { reference })), 1)).toEqual([0, 0, 0, 255]);
  });

  test("over the image covers it where strong and leaves it elsewhere", () => {
    const photograph = new Uint8ClampedArray(4 * 4 * 4).fill(77);
    const pixels = paintPicture(picture, window, { top: 0, left: 0, ...IMAGE }, painting("overlay", { photograph }));
    expect(at(pixels, 6)).toEqual([255, 128, 0, 255]);
    expect(at(pixels, 5)).toEqual([77, 77, 77, 255]);
  });
});
