import { describe, expect, test } from "vitest";
import {
  ProtocolError,
  readBytes,
  readCatalog,
  readDisplayMode,
  readInt8,
  readInt16,
  readNetwork,
  readView,
  unlessEmpty,
} from "../src/protocol";
import { answer, inLargerBuffer } from "./sample";

describe("bytes", () => {
  test("of a view into a larger buffer are the view's own", () => {
    expect([...readBytes(inLargerBuffer([1, 2, 3]))]).toEqual([1, 2, 3]);
    expect([...readInt8(inLargerBuffer([-1, 127]))]).toEqual([-1, 127]);
  });

  test("may come as an ArrayBuffer or as typed arrays", () => {
    const bytes = Uint8Array.of(5, 6, 7);
    expect([...readBytes(bytes.buffer)]).toEqual([5, 6, 7]);
    expect([...readBytes(bytes.subarray(1))]).toEqual([6, 7]);
  });

  test("of 16-bit integers are little-endian, wherever they start", () => {
    expect([...readInt16(inLargerBuffer([0xff, 0x7f, 0x01, 0x80]))]).toEqual([32767, -32767]);
  });

  test("that are missing are none", () => {
    expect(readBytes(null).length).toBe(0);
    expect(readInt16("text").length).toBe(0);
  });
});

describe("what the kernel tells", () => {
  test("is taken where it has the agreed form", () => {
    const { _view, _network, _catalog } = answer();
    expect(readView(_view, "_view")).toEqual(_view);
    expect(readNetwork(_network, "_network")).toEqual(_network);
    expect(readCatalog(_catalog, "_catalog")).toEqual(_catalog);
  });

  test("is refused where it has not, with the place that is wrong", () => {
    const view = { ...(answer()._view as object) };
    const wrong: readonly [change: object, path: string][] = [
      [{ seq: "1" }, "_view.seq"],
      [{ neuron: { channel: -1, y: 0, x: 0, value: 1, top: 1 } }, "_view.neuron.channel"],
      [{ neuron: { channel: 1, y: 0.5, x: 0, value: 1, top: 1 } }, "_view.neuron.y"],
      [{ neuron: { channel: 1, y: 0, x: 0, value: Number.NaN, top: 1 } }, "_view.neuron.value"],
      [{ pictures: {} }, "_view.pictures"],
      [{ pictures: [{ code: 1 }] }, "_view.pictures[0].code"],
      [{ window: null }, "_view.window"],
    ];
    for (const [change, path] of wrong) {
      const read = (): unknown => readView({ ...view, ...change }, "_view");
      expect(read).toThrow(ProtocolError);
      expect(read).toThrow(path);
    }
  });

  test("may leave the place of a vector's neuron out", () => {
    const view = { ...(answer()._view as object), neuron: { channel: 3, y: null, value: 1, top: 1 } };
    expect(readView(view, "_view").neuron).toMatchObject({ y: null, x: null });
  });

  test("has thumbnails that can neither run nor fetch anything", () => {
    for (const thumbnail of [
      "javascript:alert(1)",
      "https://example.org/x.png",
      "data:image/svg+xml;base64,AA",
      "data:text/html,x",
    ]) {
      const catalog = { ...(answer()._catalog as object), images: [{ name: "x", label: "x", thumbnail }] };
      expect(() => readCatalog(catalog, "_catalog")).toThrow("thumbnail");
    }
  });

  test("is nothing while it is empty", () => {
    expect(unlessEmpty(readView, {}, "_view")).toBeNull();
    expect(unlessEmpty(readView, undefined, "_view")).toBeNull();
  });

  test("falls back to the paper's display", () => {
    expect(readDisplayMode("overlay")).toBe("overlay");
    expect(readDisplayMode("x")).toBe("paper");
  });
});
