import { describe, expect, test } from "vitest";
import { contentOf, readBytes, readInt8, readInt16 } from "../../src/protocol/traits";
import { inLargerBuffer } from "../sample";

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

test("a trait has no content while it is empty or absent", () => {
  const failure = { client: "me", seq: 1, message: "no" };
  expect([contentOf(failure), contentOf({}), contentOf(undefined)]).toEqual([failure, null, null]);
});
