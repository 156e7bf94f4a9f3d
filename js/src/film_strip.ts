/** The way back as small maps: where each step lies in the image, and where signal and activation meet, what rectifiers stop. */

import { min, round } from "./arithmetic";
import type { WayBackStep } from "./asides";
import { type Box, type Extent, mapBox } from "./geometry";
import type { Layer } from "./protocol";

/** Added up they are white, and orange is the lighter for who sees no colours. */
const SIGNAL = [255, 150, 60];
const ACTIVATION = [0, 105, 195];

/** The box of the image that a step's window covers; null where its layer has no places, or is not known. */
export const stepBox = (step: WayBackStep, layers: readonly Layer[], image: Extent): Box | null => {
  const layer = layers.find(({ name }) => name === step.name);
  const [, rows, columns] = layer?.shape ?? [];
  if (layer === undefined || layer.field === null || rows === undefined || columns === undefined) return null;
  const map = mapBox(layer.field, { height: rows, width: columns }, image);
  const [down, across] = layer.field.stride;
  return {
    top: map.top + step.top * down,
    left: map.left + step.left * across,
    height: step.height * down,
    width: step.width * across,
  };
};

/** The signal as orange light, the activation as blue light: white where both are strong. */
export const meetingPixels = ({ signalMap, activationMap }: WayBackStep): Uint8ClampedArray<ArrayBuffer> => {
  const pixels = new Uint8ClampedArray(signalMap.length * 4).fill(255);
  signalMap.forEach((level, place) => {
    const [signal, activation] = [level / 255, (activationMap[place] ?? 0) / 255];
    pixels.set(
      [0, 1, 2].map((colour) => (SIGNAL[colour] ?? 0) * signal + (ACTIVATION[colour] ?? 0) * activation),
      place * 4,
    );
  });
  return pixels;
};

/** What a rectifier's reversed rule took from the signal. */
export interface Stopped {
  /** Channel norms as in the step itself: 255 stands for its `signal`. */
  readonly map: Uint8Array;
  /** 0 … 1, of the squared norms. */
  readonly share: number;
}

/**
 * Compares the signal at a rectifier's output with the signal at its input, where `next` is that; null elsewhere.
 * The steps of deep networks leave layers out.
 */
export const stoppedAt = (
  step: WayBackStep,
  next: WayBackStep | undefined,
  layers: readonly Layer[],
): Stopped | null => {
  const input = layers[layers.findIndex(({ name }) => name === step.name) - 1];
  if (step.kind !== "rectifier" || !next || next.name !== input?.name || next.rows !== step.rows) return null;
  let [arrived, left] = [0, 0];
  const map = step.signalMap.map((level, place) => {
    const before = level ** 2;
    // A reversed rectifier keeps or silences each value, so that squared norms subtract.
    const after = min(before, (((next.signalMap[place] ?? 0) * next.signal) / (step.signal || 1)) ** 2);
    arrived += before;
    left += after;
    return round(Math.sqrt(before - after));
  });
  return { map, share: arrived === 0 ? 0 : 1 - left / arrived };
};
