/** Reading what traits hold. */

import type { Empty } from "./protocol";

/** What a trait tells; null while it is `{}` (or absent). */
export const told = <Told extends object>(trait: Told | Empty | undefined): Told | null =>
  trait && Object.keys(trait).length > 0 ? (trait as Told) : null;

/** The bytes of a binary trait. Hosts hand out DataViews into larger buffers: the offset counts. */
export const readBytes = (value: unknown): Uint8Array<ArrayBuffer> => {
  const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value instanceof ArrayBuffer ? value : []);
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
};

/** The same bytes with their signs; copied. */
export const readInt8 = (value: unknown): Int8Array<ArrayBuffer> => new Int8Array(readBytes(value));

/** 16-bit integers, little-endian as all machines with browsers are; copied, because the buffer may start at an odd address. */
export const readInt16 = (value: unknown): Int16Array<ArrayBuffer> => {
  const bytes = readBytes(value);
  return new Int16Array(bytes.slice(0, bytes.length & ~1).buffer);
};

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
