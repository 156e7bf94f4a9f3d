/** Files that a person opens: what they are and how large, read from their first bytes before anything is decoded. */

import type { Extent } from "./geometry";

/** So many pixels are decoded at most; a small file can claim far more. */
const MOST_PIXELS = 1e8;
const LARGEST_FILE = 1e8;
/** Longer sides are scaled down to this before the picture is sent. */
const LONGEST_SIDE = 1600;
/** What is sent stays below what notebook servers pass on. */
const LARGEST_UPLOAD = 9e5;
/** How the picture is encoded: the first that is small enough. */
const ENCODINGS = [["image/png"], ["image/jpeg", 0.95], ["image/jpeg", 0.8], ["image/jpeg", 0.5]] as const;

/** A file that cannot be opened; the message is for the person. */
export class PictureFileError extends Error {}

/** The extent that a PNG, JPEG, WebP or GIF file claims to have; null for anything else. */
export function claimedExtent(bytes: Uint8Array): Extent | null {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const says = (text: string, at: number): boolean =>
    [...text].every((letter, index) => bytes[at + index] === letter.charCodeAt(0));
  try {
    if (says("\x89PNG\r\n\x1a\n", 0)) return { width: data.getUint32(16), height: data.getUint32(20) };
    if (says("GIF8", 0)) return { width: data.getUint16(6, true), height: data.getUint16(8, true) };
    if (says("\xff\xd8\xff", 0)) return jpegExtent(data);
    if (!says("RIFF", 0) || !says("WEBP", 8)) return null;
    if (says("VP8 ", 12))
      return { width: data.getUint16(26, true) & 0x3fff, height: data.getUint16(28, true) & 0x3fff };
    if (says("VP8L", 12)) {
      const bits = data.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    // 24 bits each, of the extended format
    return { width: (data.getUint32(24, true) & 0xffffff) + 1, height: (data.getUint32(26, true) >>> 8) + 1 };
  } catch (error) {
    if (error instanceof RangeError) return null; // the file ends before its size is told
    throw error;
  }
}

/** From the first frame header; the segments before it are skipped. */
function jpegExtent(data: DataView): Extent | null {
  for (let at = 2; data.getUint8(at) === 0xff; ) {
    const marker = data.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: data.getUint16(at + 5), width: data.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + data.getUint16(at + 2);
  }
  return null;
}

/** A file as a small PNG or JPEG, upright, on white where it is transparent. */
export async function preparedPicture(file: File): Promise<Uint8Array<ArrayBuffer>> {
  const refuse = (why: string): never => {
    throw new PictureFileError(`${file.name || "the picture"} ${why}`);
  };
  if (file.size > LARGEST_FILE) refuse("is larger than 100 MB");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height } = claimedExtent(bytes) ?? refuse("is not a PNG, JPEG, WebP or GIF picture");
  if (width * height > MOST_PIXELS) refuse(`has ${width} × ${height} pixels: more than 100 million are not opened`);
  const bitmap = await createImageBitmap(new Blob([bytes])).catch(() => refuse("is damaged or cut short"));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (context) {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  }
  bitmap.close();
  for (const [type, quality] of ENCODINGS) {
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
    if (blob && blob.size < LARGEST_UPLOAD) return new Uint8Array(await blob.arrayBuffer());
  }
  return refuse("is too large to be sent to the kernel");
}
