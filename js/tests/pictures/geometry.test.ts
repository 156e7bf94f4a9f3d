import { describe, expect, test } from "vitest";
import {
  cellBox,
  clipped,
  mapBox,
  placeAt,
  receptiveField,
  tileAt,
  tileBox,
  tileLayout,
  tilesHeight,
} from "../../src/pictures/geometry";

const POOL5 = { stride: [32, 32], offset: [-90, -90], size: [212, 212] } as const;
const IMAGE = { height: 224, width: 224 };

describe("receptive fields", () => {
  test("are clipped at the image's edges", () => {
    expect(receptiveField(POOL5, { y: 0, x: 3 }, IMAGE)).toEqual({ top: 0, left: 6, height: 122, width: 212 });
    expect(receptiveField(POOL5, { y: 6, x: 6 }, IMAGE)).toEqual({ top: 102, left: 102, height: 122, width: 122 });
  });

  test("are the whole image where the layer is not local", () => {
    expect(receptiveField(null, { y: 0, x: 0 }, IMAGE)).toEqual({ top: 0, left: 0, ...IMAGE });
  });

  test("that miss the image are empty", () => {
    expect(clipped({ top: 300, left: 0, height: 10, width: 10 }, IMAGE)).toMatchObject({ height: 0, width: 10 });
  });
});

describe("a map over the image", () => {
  test("covers the image exactly where padding keeps the size", () => {
    expect(mapBox(POOL5, { height: 7, width: 7 }, IMAGE)).toEqual({ top: 0, left: 0, height: 224, width: 224 });
  });

  test("is inset where the first convolution has little padding, as AlexNet's", () => {
    const field = { stride: [4, 4], offset: [-2, -2], size: [11, 11] } as const;
    expect(mapBox(field, { height: 55, width: 55 }, IMAGE)).toEqual({ top: 1.5, left: 1.5, height: 220, width: 220 });
  });

  test("gives back the place whose cell was pointed at", () => {
    const map = { height: 5, width: 9 };
    const box = { top: 3, left: -7, height: 41, width: 83 };
    for (let y = 0; y < map.height; y++)
      for (let x = 0; x < map.width; x++) {
        const cell = cellBox({ y, x }, box, map);
        expect(placeAt({ y: cell.top + cell.height / 2, x: cell.left + cell.width / 2 }, box, map)).toEqual({ y, x });
      }
  });

  test("gives the nearest place beyond its edges", () => {
    const map = { height: 4, width: 4 };
    const box = { top: 0, left: 0, height: 40, width: 40 };
    expect(placeAt({ y: -5, x: 99 }, box, map)).toEqual({ y: 0, x: 3 });
    expect(placeAt({ y: 40, x: 20 }, box, map)).toEqual({ y: 3, x: 2 });
  });
});

describe("tiles", () => {
  const layout = tileLayout(310, 42, 5, { height: 28, width: 28 });

  test("fill the width", () => {
    expect(layout.columns).toBe(7);
    const last = tileBox(6, layout);
    expect(last.left + last.width).toBeCloseTo(310);
  });

  test("are found under their own centres, and not in the gaps", () => {
    for (const position of [0, 6, 7, 511]) {
      const { top, left, height, width } = tileBox(position, layout);
      expect(tileAt({ y: top + height / 2, x: left + width / 2 }, layout, 512)).toBe(position);
      expect(tileAt({ y: top + height + 2, x: left + width / 2 }, layout, 512)).toBeNull();
    }
  });

  test("end with the last channel", () => {
    const { top, left } = tileBox(10, layout);
    expect(tileAt({ y: top + 1, x: left + 1 }, layout, 10)).toBeNull();
    expect(tileAt({ y: -1, x: 5 }, layout, 10)).toBeNull();
    expect(tilesHeight(10, layout)).toBeCloseTo(2 * layout.height + 5);
  });

  test("keep the shape of the map within reason", () => {
    expect(tileLayout(310, 42, 5, { height: 14, width: 28 }).height).toBeCloseTo(layout.width / 2);
    expect(tileLayout(310, 42, 5, { height: 1, width: 500 }).height).toBeCloseTo(layout.width / 4);
  });
});
