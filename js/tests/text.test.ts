import { expect, test } from "vitest";
import { durationText, percentText, shapeText, signedText, valueText } from "../src/text";

test("values have three digits, whole numbers all of theirs, tiny ones an exponent", () => {
  const shown = [0, 2054.4, 320.1, 4.2, 0.42, 0.0638287, -1.5, 12_345_678, 0.000_012].map((value) => valueText(value));
  expect(shown).toEqual(["0", "2054", "320", "4.2", "0.42", "0.0638", "−1.5", "1.2e7", "1.2e−5"]);
  expect(valueText(320.109, 4)).toBe("320.1");
});

test("compared values carry their signs", () => {
  expect([0.0123, -0.456, 0].map(signedText)).toEqual(["+0.012", "−0.46", "0"]);
});

test("fractions, durations and shapes read as in a sentence", () => {
  expect(percentText(0.0013)).toBe("0.1 %");
  expect(percentText(0.256)).toBe("26 %");
  expect(durationText(0.2)).toBe("1 ms");
  expect(durationText(41.4)).toBe("41 ms");
  expect(durationText(3400)).toBe("3.4 s");
  expect([[512, 28, 28], [64, 112, 56], [1000]].map(shapeText)).toEqual(["512 × 28²", "64 × 112 × 56", "1000"]);
});
