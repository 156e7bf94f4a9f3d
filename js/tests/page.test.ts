/** What an exported page does with places that it does not hold, and with addresses in its URL. */
import { describe, expect, test } from "vitest";
import { ahead, nearest } from "../src/page/nearest";

import { addressInUrl as addressIn } from "../src/protocol/address";

const at = (y: number, x: number) => ({ neuron: { channel: 3, y, x } });
const STORED = [at(21, 16), at(20, 13), at(40, 40)] as const;

describe("a place that is not stored", () => {
  test("is stood for by the nearest one, where no place is named by the first", () => {
    expect(nearest(STORED, { y: 23, x: 14 })).toBe(STORED[0]);
    expect(nearest(STORED, { y: 30, x: 39 })).toBe(STORED[2]);
    expect(nearest(STORED, { y: null, x: null })).toBe(STORED[0]);
  });

  test("is stepped over from beside it, in the direction of the step", () => {
    expect(ahead(STORED, { y: 21, x: 15 }, { y: 21, x: 16 })).toBe(STORED[1]);
    expect(ahead(STORED, { y: 22, x: 16 }, { y: 21, x: 16 })).toBe(STORED[2]);
  });

  test("is not stepped over from farther away, nor where nothing lies ahead", () => {
    expect(ahead(STORED, { y: 23, x: 14 }, { y: 21, x: 16 })).toBeNull();
    expect(ahead(STORED, { y: 41, x: 40 }, { y: 40, x: 40 })).toBeNull();
    expect(ahead(STORED, { y: null, x: null }, { y: 40, x: 40 })).toBeNull();
  });

  test("is not stepped over where it is stored after all", () => {
    expect(ahead([...STORED, at(21, 15)], { y: 21, x: 15 }, { y: 21, x: 16 })).toBeNull();
  });
});

describe("the address in a URL", () => {
  const PLACE = { channel: 2, y: 23, x: 18, layer: "0", model: "timm/resnet" };

  test("is read as it was copied, or as some program has encoded it once more", () => {
    const copied = "timm%2Fresnet/0/2@23,18?TTT#chelsea";
    for (const text of [copied, encodeURIComponent(copied)]) expect(addressIn(text)).toMatchObject(PLACE);
    expect(addressIn("vgg/0/2%4023,18%3FTTT")).toMatchObject({ ...PLACE, model: "vgg" });
  });

  test.each(["", "100%", "no address", "%E0%A4%A"])("is not %j", (text) => expect(addressIn(text)).toBeNull());
});
