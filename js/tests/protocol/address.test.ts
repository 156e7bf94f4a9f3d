import { describe, expect, test } from "vitest";
import { type Address, formatAddress, parseAddress } from "../../src/protocol/address";

const PLACE: Address = {
  model: "vgg16_trunk",
  layer: "features.22",
  channel: 433,
  y: 10,
  x: 9,
  architectures: ["FTT", "saliency", "TTT"],
  image: "chelsea",
};

describe("an address", () => {
  test("reads as people write it", () => {
    expect(parseAddress("vgg16_trunk/features.22/433@10,9?FTT,saliency,TTT#chelsea")).toEqual(PLACE);
    expect(parseAddress(" vgg16_trunk/conv4_3/433@10,9\n")).toEqual({
      ...PLACE,
      layer: "conv4_3",
      architectures: [],
      image: null,
    });
  });

  test("of a class has no place", () => {
    expect(parseAddress("mobilenet_v2/classifier.1/285")).toMatchObject({ channel: 285, y: null, x: null });
  });

  test("comes back as it was written, whatever the names hold", () => {
    const names = ["a/b", "50% off?", "x#y", "a,b", "ein Bild", "é", "features.3.<b>"];
    for (const name of names) {
      const address = { ...PLACE, model: name, layer: name, image: name, architectures: [name] };
      expect(parseAddress(formatAddress(address))).toEqual(address);
    }
    const bare = { ...PLACE, y: null, x: null, architectures: [], image: null };
    expect(parseAddress(formatAddress(bare))).toEqual(bare);
  });

  test.each([
    "",
    "vgg",
    "vgg/layer",
    "vgg/layer/x@1,2",
    "vgg/layer/3@1",
    "vgg/layer/-1@1,2",
    "m/%E0%A4/3",
    "m/l/9999999999",
  ])("is not %j", (text) => expect(parseAddress(text)).toBeNull());
});
