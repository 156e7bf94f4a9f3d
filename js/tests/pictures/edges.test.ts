import { describe, expect, test } from "vitest";
import { expand } from "../../src/pictures/companding";
import { edgePicture, sobel } from "../../src/pictures/edges";

/** RGBA pixels of a grey image whose levels (0 … 255) are given row by row. */
function grey(...rows: readonly (readonly number[])[]): Uint8ClampedArray {
  return Uint8ClampedArray.from(rows.flat().flatMap((level) => [level, level, level, 255]));
}

const WHOLE = { top: 0, left: 0, height: 4, width: 4 };
const STEP = grey(...Array.from({ length: 4 }, () => [0, 0, 255, 255]));
const RAMP = grey(...Array.from({ length: 4 }, (_, y) => Array.from({ length: 4 }, (_, x) => 20 * y + 30 * x)));

describe("Sobel's gradient", () => {
  test("is nothing where the photograph is even", () => {
    expect([...sobel(grey([9, 9], [9, 9]), { height: 2, width: 2 }, { ...WHOLE, height: 2, width: 2 })]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test("of a step from black to white is half a luminance a pixel on both of its sides", () => {
    const magnitudes = sobel(STEP, WHOLE, WHOLE);
    for (let row = 0; row < 4; row++)
      for (const [column, expected] of [0, 0.5, 0.5, 0].entries())
        expect(magnitudes[row * 4 + column]).toBeCloseTo(expected, 6);
  });

  test("of a slope is its steepness, whatever its direction, and half of it across a border", () => {
    const magnitudes = sobel(RAMP, WHOLE, WHOLE);
    expect(magnitudes[5]).toBeCloseTo(Math.hypot(20, 30) / 255, 6);
    expect(magnitudes[4]).toBeCloseTo(Math.hypot(20, 15) / 255, 6);
    expect(magnitudes[0]).toBeCloseTo(Math.hypot(10, 15) / 255, 6);
  });

  test("weighs the colours as the eye does", () => {
    const primaries = [0, 1, 2].map((primary) => {
      const pixels = Uint8ClampedArray.from({ length: 8 }, (_, index) => (index === 4 + primary ? 255 : 0));
      return sobel(pixels, { height: 1, width: 2 }, { ...WHOLE, height: 1, width: 1 })[0] ?? 0;
    });
    expect(primaries.map((one) => Number((one * 2).toFixed(4)))).toEqual([0.2126, 0.7152, 0.0722]);
  });

  test("inside a box is the same as in the whole photograph: its neighbours count", () => {
    const [whole, box] = [sobel(RAMP, WHOLE, WHOLE), { top: 1, left: 2, height: 2, width: 1 }];
    expect([...sobel(RAMP, WHOLE, box)]).toEqual([whole[6], whole[10]]);
  });
});

test("as a picture it has the largest magnitude as its scale, and comes back from its bytes", () => {
  const picture = edgePicture(RAMP, WHOLE, WHOLE);
  const magnitudes = sobel(RAMP, WHOLE, WHOLE);
  expect(picture.scale).toBe(Math.max(...magnitudes));
  expect(picture.q).toBeLessThanOrEqual(picture.scale);
  expect(picture.norm).toBe(picture.scale);
  for (const [index, byte] of [...picture.bytes].entries())
    expect(Math.abs(expand(byte, picture.scale) - (magnitudes[index] ?? 0))).toBeLessThan(picture.scale * 0.02);
});

test("of an even photograph it is a picture of zeros", () => {
  expect(edgePicture(grey([5]), { height: 1, width: 1 }, { ...WHOLE, height: 1, width: 1 })).toEqual({
    bytes: Int8Array.of(0),
    channels: 1,
    scale: 0,
    norm: 0,
    q: 0,
  });
});
