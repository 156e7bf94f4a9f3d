import { describe, expect, test } from "vitest";
import { claimedExtent } from "../src/picture_file";

function bytes(...parts: readonly (string | readonly number[])[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === "string" ? [...part].map((letter) => letter.charCodeAt(0)) : part)),
  );
}

const PNG = bytes("\x89PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 0x75, 0x30, 0, 0, 0x01, 0x02]);
const GIF = bytes("GIF89a", [0x40, 0x01, 0xc8, 0x00]);
const SIZES = [0, 0, 0, 0];
const LOSSY = bytes("RIFF", SIZES, "WEBP", "VP8 ", SIZES, [0, 0, 0, 0x9d, 0x01, 0x2a], [0x40, 0x41, 0xc8, 0x00]);
// 14 bits each, less one: 319 and 199
const LOSSLESS = bytes("RIFF", SIZES, "WEBP", "VP8L", SIZES, [0x2f], [0x3f, 0xc1, 0x31, 0x00]);
const EXTENDED = bytes("RIFF", SIZES, "WEBP", "VP8X", SIZES, SIZES, [0x3f, 0x01, 0x00], [0xc7, 0x00, 0x00]);
/** An EXIF segment that holds the frame header of its thumbnail, a table, fill bytes, then the frame. */
const JPEG = bytes(
  [0xff, 0xd8, 0xff, 0xe1, 0, 9, 0xff, 0xc0, 0, 8, 8, 0, 1],
  [0xff, 0xc4, 0, 4, 1, 2],
  [0xff, 0xff, 0xff, 0xc2, 0, 11, 8, 0x00, 0xc8, 0x01, 0x40],
);

describe("the extent that a file claims", () => {
  test.each([
    ["PNG", PNG, 30_000, 258],
    ["GIF", GIF, 320, 200],
    ["WebP, lossy", LOSSY, 320, 200],
    ["WebP, lossless", LOSSLESS, 320, 200],
    ["WebP, extended", EXTENDED, 320, 200],
    ["JPEG, after other segments", JPEG, 320, 200],
  ])("is read from its header: %s", (_, file, width, height) => {
    expect(claimedExtent(file)).toEqual({ width, height });
    const inLarger = new Uint8Array([9, ...file, 9]).subarray(1, file.length + 1);
    expect(claimedExtent(inLarger)).toEqual({ width, height });
  });

  test.each([PNG, GIF, LOSSY, LOSSLESS, EXTENDED, JPEG])("is none where the header is cut short", (file) => {
    for (let length = 0; length < file.length; length++) expect(claimedExtent(file.subarray(0, length))).toBeNull();
  });

  test("is none of what is no picture", () => {
    for (const text of [
      "",
      "hello",
      "<svg xmlns='http://www.w3.org/2000/svg' width='9'>",
      "RIFF....WAVEfmt ",
      "BM.....",
    ])
      expect(claimedExtent(bytes(text))).toBeNull();
    expect(claimedExtent(bytes([0xff, 0xd8, 0xff, 0xd9, 0, 0]))).toBeNull();
  });
});
