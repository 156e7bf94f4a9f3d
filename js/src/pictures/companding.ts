/** Signed values in bytes, round(127·sign(x)·|x/scale|^¼): small values keep the precision that renormalising needs. */

/** The values in −1 … 1 of companded bytes, indexed by the unsigned byte. */
export const EXPANDED: Float64Array = Float64Array.from({ length: 256 }, (_, unsigned) => {
  const byte = unsigned < 128 ? unsigned : unsigned - 256;
  return Math.max(-1, Math.sign(byte) * (Math.abs(byte) / 127) ** 4);
});

export const expand = (byte: number, scale: number): number => (EXPANDED[byte & 0xff] ?? 0) * scale;

/** The byte (−127 … 127) nearest to a value of at most `scale` in magnitude. */
export const compand = (value: number, scale: number): number =>
  scale > 0 ? Math.round(127 * Math.sign(value) * Math.abs(value / scale) ** 0.25) : 0;
