import { describe, expect, test } from "vitest";
import { contains } from "../../src/pictures/geometry";
import { centre, movedCursor, readingText, valuesAt } from "../../src/views/pictures/cursor";

const NO_MODIFIER = { altKey: false, ctrlKey: false, metaKey: false, getModifierState: () => false };
const WINDOW = { top: 10, left: 20, height: 2, width: 3 };

test("a box holds its first pixels and not those after its last", () => {
  expect(contains(WINDOW, { y: 10, x: 20 })).toBe(true);
  expect(contains(WINDOW, { y: 11, x: 22 })).toBe(true);
  for (const [y, x] of [
    [9, 20],
    [12, 20],
    [10, 19],
    [10, 23],
  ] as const)
    expect(contains(WINDOW, { y, x })).toBe(false);
});

describe("the values under the cursor", () => {
  const bytes = Int8Array.from({ length: 18 }, (_, index) => [127, 0, -127, 64, -64, 1][index % 6] ?? 0);
  const picture = { bytes, channels: 3, scale: 2 };

  test("are those of every channel, expanded", () => {
    expect(valuesAt(picture, WINDOW, { y: 10, x: 20 })).toEqual([2, 2, 2]);
    expect(valuesAt(picture, WINDOW, { y: 10, x: 22 })).toEqual([-2, -2, -2]);
    expect(valuesAt(picture, WINDOW, { y: 11, x: 20 })[0]).toBeCloseTo(2 * (64 / 127) ** 4, 12);
  });

  test("differ by channel where the bytes do", () => {
    const own = { bytes: Int8Array.of(127, -127), channels: 2, scale: 1 };
    expect(valuesAt(own, { top: 0, left: 0, height: 1, width: 1 }, { y: 0, x: 0 })).toEqual([1, -1]);
  });

  test("are zero outside the window, also where a neighbouring row would be read", () => {
    expect(valuesAt(picture, WINDOW, { y: 10, x: 23 })).toEqual([0, 0, 0]);
    expect(valuesAt(picture, WINDOW, { y: 9, x: 20 })).toEqual([0, 0, 0]);
  });
});

test("a reading names three colours, leaves one alone, numbers others, and breaks between channels only", () => {
  const reading = (...values: number[]): string[] => readingText(values).split(" ");
  expect(reading(0.123, -0.5, 0)).toEqual(["R\u00a0+0.12", "G\u00a0−0.5", "B\u00a00"]);
  expect(reading(0.25)).toEqual(["+0.25"]);
  expect(reading(1, 2)).toEqual(["0:\u00a0+1", "1:\u00a0+2"]);
  expect(reading(1, 2, 3, 4, 5)).toEqual(["0:\u00a0+1", "1:\u00a0+2", "2:\u00a0+3", "3:\u00a0+4", "…"]);
});

describe("arrow keys", () => {
  const press = (key: string, shiftKey = false) => ({ ...NO_MODIFIER, key, shiftKey });

  test("move by a pixel, or ten, and stay in the view", () => {
    expect(movedCursor({ y: 10, x: 21 }, press("ArrowRight"), WINDOW)).toEqual({ y: 10, x: 22 });
    expect(movedCursor({ y: 10, x: 22 }, press("ArrowRight"), WINDOW)).toEqual({ y: 10, x: 22 });
    expect(movedCursor({ y: 10, x: 21 }, press("ArrowDown", true), WINDOW)).toEqual({ y: 11, x: 21 });
    expect(movedCursor({ y: 50, x: 50 }, press("ArrowLeft", true), { top: 0, left: 0, height: 99, width: 99 })).toEqual(
      {
        y: 50,
        x: 40,
      },
    );
  });

  test("begin at the centre, and other keys are not theirs", () => {
    expect(centre(WINDOW)).toEqual({ y: 11, x: 21 });
    expect(movedCursor(null, press("ArrowUp"), WINDOW)).toEqual({ y: 10, x: 21 });
    expect(movedCursor(null, press("m"), WINDOW)).toBeNull();
  });
});
