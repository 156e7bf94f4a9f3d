import { describe, expect, test } from "vitest";
import type { LayerTraceStep } from "../../src/protocol/panels";
import type { Layer } from "../../src/protocol/protocol";
import { mixedPixels, stepBox, stoppedShare } from "../../src/views/pictures/layer_trace";

const IMAGE = { height: 32, width: 32 };
const LAYER: Layer = {
  name: "pool1",
  label: "pool1",
  kind: "max pool",
  shape: [3, 16, 16],
  field: { stride: [2, 2], offset: [-1, -1], size: [4, 4] },
};

function step(change: Partial<LayerTraceStep> = {}): LayerTraceStep {
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
    energy: 4,
    masks: true,
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
  const pixels = mixedPixels(
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
  const input = (change: Partial<LayerTraceStep> = {}): LayerTraceStep =>
    step({ name: "conv1", kind: "convolution", energy: 1, masks: false, ...change });

  test("is what its input lacks of its output's energy, whatever the shrunken maps say", () => {
    expect(stoppedShare(rectifier, input(), layers)).toBe(0.75);
    expect(stoppedShare(rectifier, input({ signalMap: rectifier.signalMap, rows: 2 }), layers)).toBe(0.75);
    expect(stoppedShare(rectifier, input({ energy: 0 }), layers)).toBe(1);
  });

  test("is not told of rules that are no masks, nor of no signal", () => {
    expect(stoppedShare(step({ name: "relu1", masks: false }), input(), layers)).toBeNull();
    expect(stoppedShare(step({ name: "relu1", energy: 0 }), input({ energy: 0 }), layers)).toBeNull();
  });

  test("is not told at the end, or where the step at its input was left out", () => {
    expect(stoppedShare(rectifier, undefined, layers)).toBeNull();
    expect(stoppedShare(step({ name: "pool1" }), input(), layers)).toBeNull();
    expect(stoppedShare(step({ name: "image" }), undefined, layers)).toBeNull();
  });
});
