import { expect, test } from "vitest";
import { sheetLayout } from "../src/saving";

const WINDOW = { top: 0, left: 0, height: 92, width: 80 };

test("a saved picture's pixels become squares of whole numbers, about 440 in all", () => {
  expect(sheetLayout(4, 1, WINDOW)).toMatchObject({ magnification: 5, side: 460 });
  expect(sheetLayout(4, 1, { ...WINDOW, height: 224, width: 224 })).toMatchObject({ magnification: 2, side: 448 });
  expect(sheetLayout(4, 1, { ...WINDOW, height: 1000, width: 900 })).toMatchObject({ magnification: 1, side: 1000 });
  expect(sheetLayout(4, 1, { ...WINDOW, height: 1, width: 1 }).side).toBe(440);
});

test.each([1, 2, 4, 5, 6, 9, 10, 33])(
  "%i columns lie apart, inside the file, five beside one another at most",
  (count) => {
    const rows = 2;
    const layout = sheetLayout(count, rows, WINDOW);
    const corners = Array.from({ length: count * rows }, (_, index) =>
      layout.corner(Math.floor(index / rows), index % rows),
    );
    expect(new Set(corners.map(([left]) => left)).size).toBeLessThanOrEqual(5);
    for (const [index, [left, top]] of corners.entries()) {
      expect(left).toBeGreaterThan(0);
      expect(left + layout.side).toBeLessThan(layout.width);
      expect(top + layout.side).toBeLessThan(layout.height);
      for (const [otherLeft, otherTop] of corners.slice(index + 1))
        expect(Math.max(Math.abs(otherLeft - left), Math.abs(otherTop - top))).toBeGreaterThan(layout.side);
    }
  },
);
