/** Reads the values of traits. */

import type { Empty } from "./protocol";

/** The content of a trait; null while it is `{}` or absent. */
export const contentOf = <Content extends object>(trait: Content | Empty | undefined): Content | null =>
  trait && Object.keys(trait).length > 0 ? (trait as Content) : null;

/** The bytes of a binary trait. Hosts pass DataViews into larger buffers, so the offset counts. */
export const readBytes = (value: unknown): Uint8Array<ArrayBuffer> => {
  const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value instanceof ArrayBuffer ? value : []);
  return new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
};

/** A copy of the bytes as signed integers. */
export const readInt8 = (value: unknown): Int8Array<ArrayBuffer> => new Int8Array(readBytes(value));

/** A copy of the bytes as little-endian 16-bit integers; a view would need an even offset. */
export const readInt16 = (value: unknown): Int16Array<ArrayBuffer> => {
  const bytes = readBytes(value);
  return new Int16Array(bytes.slice(0, bytes.length & ~1).buffer);
};

export const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
