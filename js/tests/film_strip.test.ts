import { describe, expect, test } from "vitest";
import type { WayBackStep } from "../src/asides";
import { meetingPixels, stepBox, stoppedAt } from "../src/film_strip";
import type { Layer } from "../src/protocol";

const IMAGE = { height: 32, width: 32 };
const LAYER: Layer = {
  name: "pool1",
  label: "pool1",
  kind: "max pool",
  shape: [3, 16, 16],
  field: { stride: [2, 2], offset: [-1, -1], size: [4, 4] },
};

function step(change: Partial<WayBackStep> = {}): WayBackStep {
  return {
    name: "pool1",
    label: "pool1",
    kind: "rectifier",
    top: 3,
    left: 5,
    height: 1,
    width: 2,
    rows: 1,
    columns: 2,
    signal: 1,
    activation: 1,
    signalMap: Uint8Array.of(255, 51),
    activationMap: Uint8Array.of(0, 255),
    ...change,
  };
}

describe("where a step lies in the image", () => {
  test("follows the layer's stride and offset", () => {
    expect(stepBox(step(), [LAYER], IMAGE)).toEqual({ top: 6, left: 10, height: 2, width: 4 });
  });

  test("is not known of the image itself, nor of layers without places", () => {
    expect(stepBox(step({ name: "image" }), [LAYER], IMAGE)).toBeNull();
    expect(stepBox(step(), [{ ...LAYER, field: null }], IMAGE)).toBeNull();
    expect(stepBox(step(), [{ ...LAYER, shape: [10] }], IMAGE)).toBeNull();
  });
});

test("signal and activation are white where both are strong, and told apart where one is", () => {
  const pixels = meetingPixels(
    step({ signalMap: Uint8Array.of(255, 255, 0), activationMap: Uint8Array.of(255, 0, 255) }),
  );
  const [both, signal, activation] = [0, 4, 8].map((start) => [...pixels.slice(start, start + 3)]);
  expect(both).toEqual([255, 255, 255]);
  expect(signal?.[0]).toBeGreaterThan(signal?.[2] ?? 255);
  expect(activation?.[2]).toBeGreaterThan(activation?.[0] ?? 255);
});

describe("what a rectifier stops", () => {
  const layers = ["conv1", "relu1", "conv2", "pool1"].map((name) => ({ ...LAYER, name }));
  const rectifier = step({ name: "relu1" });
  const input = (change: Partial<WayBackStep> = {}): WayBackStep =>
    step({ name: "conv1", kind: "convolution", ...change });

  test("is what its input lacks of its output's signal, by squared norms", () => {
    const stopped = stoppedAt(rectifier, input({ signal: 0.5, signalMap: Uint8Array.of(255, 102) }), layers);
    // 255 → 127.5 and 51 → 51, in the units of the step
    expect([...(stopped?.map ?? [])]).toEqual([Math.round(Math.sqrt(255 ** 2 - 127.5 ** 2)), 0]);
    expect(stopped?.share).toBeCloseTo(1 - (127.5 ** 2 + 51 ** 2) / (255 ** 2 + 51 ** 2), 12);
  });

  test("is everything where nothing goes on, and nothing of no signal", () => {
    const silent = { signal: 0, signalMap: Uint8Array.of(0, 0) };
    expect(stoppedAt(rectifier, input(silent), layers)?.share).toBe(1);
    expect(stoppedAt(step({ name: "relu1", ...silent }), input(silent), layers)).toEqual({
      map: Uint8Array.of(0, 0),
      share: 0,
    });
  });

  test("is not asked of other layers, at the end, or where the step at its input was left out", () => {
    expect(stoppedAt(step({ name: "relu1", kind: "convolution" }), input(), layers)).toBeNull();
    expect(stoppedAt(rectifier, undefined, layers)).toBeNull();
    expect(stoppedAt(step({ name: "pool1" }), input(), layers)).toBeNull();
    expect(stoppedAt(rectifier, input({ rows: 2 }), layers)).toBeNull();
  });
});
