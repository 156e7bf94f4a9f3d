/** The way back as small maps: where each step lies in the image, where signal and activation meet, and what rectifiers stop. */

import { opaquePixels } from "../dom";
import type { LayerTraceStep } from "../protocol/panels";
import type { Layer } from "../protocol/protocol";
import { type Box, type Extent, mapBox } from "./geometry";

/** Added up they are white, and orange is the lighter for who sees no colours. */
const SIGNAL = [255, 150, 60];
const ACTIVATION = [0, 105, 195];

/** The box of the image that a step's window covers; null where its layer has no places, or is not known. */
export const stepBox = (step: LayerTraceStep, layers: readonly Layer[], image: Extent): Box | null => {
  const layer = layers.find(({ name }) => name === step.name);
  const [, rows, columns] = layer?.shape ?? [];
  if (!layer?.field || !rows || !columns) return null;
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
export const mixedPixels = ({ signalMap, activationMap }: LayerTraceStep): Uint8ClampedArray<ArrayBuffer> => {
  const pixels = opaquePixels(signalMap.length);
  signalMap.forEach((level, place) => {
    const [signal, activation] = [level / 255, (activationMap[place] ?? 0) / 255];
    pixels.set(
      [0, 1, 2].map((colour) => (SIGNAL[colour] ?? 0) * signal + (ACTIVATION[colour] ?? 0) * activation),
      place * 4,
    );
  });
  return pixels;
};

/**
 * The share, of the sum of squares, that the signal at a rectifier's output loses on the way to its input, `next`. Null
 * where its reversed rule does more than keep or silence each value, and where the step at its input was left out.
 */
export const stoppedShare = (
  { name, masks, energy }: LayerTraceStep,
  next: LayerTraceStep | undefined,
  layers: readonly Layer[],
): number | null => {
  const input = layers[layers.findIndex((layer) => layer.name === name) - 1];
  return masks && energy && next && next.name === input?.name ? 1 - next.energy / energy : null;
};
