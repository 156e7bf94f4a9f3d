/** Numbers as people read them, with few digits, a true minus sign and no trailing zeros; and a search for words. */

const withMinus = (digits: string): string => digits.replace("-", "−");

export const valueText = (value: number, digits = 3): string => {
  if (value === 0) return "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6 || magnitude < 1e-4) {
    const [mantissa = "", exponent = ""] = value.toExponential(1).split("e");
    return withMinus(`${mantissa}e${Number(exponent)}`);
  }
  if (magnitude >= 10 ** (digits - 1)) return withMinus(String(Math.round(value)));
  return withMinus(String(Number(value.toPrecision(digits))));
};

/** With a sign, and two digits. */
export const signedText = (value: number): string => {
  const text = valueText(value, 2);
  return value > 0 ? `+${text}` : text;
};

export const percentText = (fraction: number): string => {
  const percent = fraction * 100;
  if (percent > 0 && percent < 0.001) return "< 0.001 %";
  return `${valueText(percent, percent < 1 ? 1 : 2)} %`;
};

export const durationText = (milliseconds: number): string =>
  milliseconds < 1000 ? `${Math.max(1, Math.round(milliseconds))} ms` : `${(milliseconds / 1000).toFixed(1)} s`;

/** Writes 512 × 28², 64 × 112 × 56, or 1000 for a vector. */
export const shapeText = (shape: readonly number[]): string => {
  const [channels, height, width] = shape;
  return shape.length === 3 && height === width ? `${channels} × ${height}²` : shape.join(" × ");
};

/** Whether `text` has every word of what a person typed in it. */
export const matches = (text: string, typed: string): boolean => {
  const words = typed.toLowerCase().split(/\s+/);
  return words.every((word) => text.toLowerCase().includes(word));
};
