/**
 * Signed values in one byte each: b = Math.round(127·Math.sign(x)·|x/scale|^¼), so that small values keep their precision
 * for the renormalised display. Expansion: x = Math.sign(b)·(|b|/127)⁴·scale.
 */

/** The 256 values in −1…1 that companded bytes stand for, indexed by the byte read as unsigned (0…255). */
export const EXPANDED: Float64Array = Float64Array.from({ length: 256 }, (_, unsigned) => {
  const byte = unsigned < 128 ? unsigned : unsigned - 256;
  return Math.max(-1, Math.sign(byte) * (Math.abs(byte) / 127) ** 4);
});

/** The value that one companded byte (−127…127) stands for. */
export const expand = (byte: number, scale: number): number => (EXPANDED[byte & 0xff] ?? 0) * scale;

/** The byte (−127…127) that comes nearest to a value of at most `scale` in magnitude. */
export const compand = (value: number, scale: number): number =>
  scale > 0 ? Math.round(127 * Math.sign(value) * Math.abs(value / scale) ** 0.25) : 0;
