import { expect, test } from "vitest";
import { EXPANDED, expand } from "../../src/pictures/companding";

test("a byte stands for sign·(|b|/127)⁴·scale", () => {
  expect(expand(127, 2.5)).toBe(2.5);
  expect(expand(-127, 2.5)).toBe(-2.5);
  expect(expand(0, 2.5)).toBe(0);
  expect(expand(-64, 1)).toBeCloseTo(-((64 / 127) ** 4), 12);
});

test("what was companded comes back within half a step of the byte", () => {
  for (let index = -100; index <= 100; index++) {
    const value = (index / 100) ** 3;
    const byte = Math.round(127 * Math.sign(value) * Math.abs(value) ** 0.25);
    const step = 4 * Math.abs(byte / 127) ** 3 * (0.5 / 127);
    expect(Math.abs(expand(byte, 1) - value)).toBeLessThanOrEqual(step * 1.1 + 1e-9);
  }
});

test("the table is indexed by the byte read as unsigned, and no byte leaves −1 … 1", () => {
  expect(EXPANDED[-3 & 0xff]).toBe(expand(-3, 1));
  expect(Math.min(...EXPANDED)).toBe(-1); // −128, which no kernel of ours sends
  expect(Math.max(...EXPANDED)).toBe(1);
});
