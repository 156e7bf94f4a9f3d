/** The layer trace: the reversed signal at each layer between neuron and image, as a strip of maps that enlarge. */

import { h, opaquePixels, type Pixels, pictureOf, plain, surface, type Tree } from "../../dom";
import { levelPixels } from "../../pictures/colour_maps";
import { type Box, type Extent, mapBox, wholeBox } from "../../pictures/geometry";
import type { LayerTraceStep } from "../../protocol/panels";
import type { Layer } from "../../protocol/protocol";
import type { ShownView } from "../../protocol/shown_view";
import { percentText, valueText } from "../../text";
import type { Component, ViewServices } from "../component";
import { choice, closeButton, listOf } from "../controls";
import { shortLabel } from "../layer_strip";
import { viewBox } from "./columns";

/** Null while the steps of the view before stand in. */
type PixelsOf = ((step: LayerTraceStep) => Pixels) | null;

/** Maps are smoothed below this many screen pixels a place. */
const SQUARE_PIXELS = 2;

const signalPixels = ({ signalMap }: LayerTraceStep) => levelPixels(signalMap);
const activationPixels = ({ activationMap }: LayerTraceStep) => levelPixels(activationMap);

export const layerTrace = (services: ViewServices): Component => {
  const { store, watchSize } = services;
  const architectures = listOf(services);
  let steps: readonly LayerTraceStep[] = [];
  return ({ shown, panelRequest: { layerTrace: code }, panels, enlarged }) => {
    if (!shown || !code) return h(".way-back", { hidden: true, made: watchSize });
    const current = panels.layerTrace?.code === code ? panels.layerTrace.steps : null;
    steps = current ?? steps; // the steps of the view before stand empty until those of this one come
    const enlarge = (name: string | null): void => store.update({ enlarged: name });
    const position = steps.findIndex(({ name }) => name === enlarged);
    const step = steps[position];
    return h(
      ".way-back",
      { hidden: false, "data-waiting": !current, made: watchSize },
      plain(
        ".row",
        "the way back of",
        architectures(
          "architecture of the way back",
          "quiet",
          shown.view.pictures.map(({ code, name }) => [code, name]),
          code,
          (chosen) => store.requestPanels({ layerTrace: chosen }),
        ),
        plain("span.muted", "signal norms; below them the activation’s"),
      ),
      choice(
        "steps of the way back",
        "steps",
        "step",
        steps.map((one) => ({
          value: one.name,
          label: one.label,
          content: plain(
            "div",
            stepMap(shown, one, current && signalPixels, { "data-layer": one.name }),
            stepMap(shown, one, current && activationPixels),
            shortLabel(one.label, 10),
          ),
        })),
        enlarged,
        enlarge,
      ),
      step && enlargement(step, steps[position + 1], shown, () => enlarge(null)),
    );
  };
};

const enlargement = (
  step: LayerTraceStep,
  next: LayerTraceStep | undefined,
  shown: ShownView,
  close: () => void,
): Tree => {
  const stopped = stoppedShare(step, next, shown.network.layers);
  const figure = (pixelsOf: PixelsOf, text: string): Tree =>
    plain(
      "figure",
      stepMap(shown, step, pixelsOf, { role: "img", label: `${step.label}: ${text}` }),
      plain("figcaption", text),
    );
  return h(
    "section.enlarged",
    { label: "enlarged step" },
    plain(
      ".title",
      plain("h3", step.label),
      plain("span.muted", `${step.height} × ${step.width} places from (${step.top}, ${step.left})`),
      closeButton("close the enlarged step", close),
    ),
    plain(
      ".enlarged-maps",
      figure(signalPixels, `signal, up to ${valueText(step.signal)}`),
      figure(activationPixels, `activation, up to ${valueText(step.activation)}`),
      figure(mixedPixels, "both: signal orange, activation blue"),
    ),
    stopped !== null && plain("p.muted", `stopped by this rectifier: ${percentText(stopped)} of the signal’s energy`),
  );
};

/** A map of a step as it lies on the photograph. */
const stepMap = (
  shown: ShownView,
  step: LayerTraceStep,
  pixelsOf: PixelsOf,
  props?: Readonly<Record<string, string>>,
): Tree => {
  const paint = (canvas: HTMLCanvasElement): void => {
    const drawn = surface(canvas);
    if (!drawn) return; // not laid out yet: its size is watched
    const { context, width, height } = drawn;
    const { layers, image } = shown.network;
    const view = viewBox(shown, "receptive field");
    const ratio = width / Math.max(view.height, view.width);
    const draw = (picture: HTMLCanvasElement, { top, left, ...size }: Box): void => {
      const middle = (start: number, extent: number): number => width / 2 + (start - extent / 2) * ratio;
      const [x, y] = [middle(left - view.left, view.width), middle(top - view.top, view.height)];
      context.imageSmoothingEnabled = (size.width * ratio * devicePixelRatio) / picture.width < SQUARE_PIXELS;
      context.drawImage(picture, x, y, size.width * ratio, size.height * ratio);
    };
    context.fillRect(0, 0, width, height);
    context.globalAlpha = 0.25;
    draw(shown.photograph.picture, wholeBox(image));
    context.globalAlpha = 1;
    if (pixelsOf && step.columns > 0)
      draw(pictureOf(pixelsOf(step), step.columns), stepBox(step, layers, image) ?? view);
  };
  return h("canvas", { ...props, from: [step, shown, !pixelsOf], paint });
};

/** Their sum is white; orange is lighter, for those who do not see colours. */
const SIGNAL = [255, 150, 60];
const ACTIVATION = [0, 105, 195];

/** The box of the image that a step’s window covers; null where its layer has no places or is unknown. */
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
export const mixedPixels = ({ signalMap, activationMap }: LayerTraceStep): Pixels => {
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

/** The share of the signal's energy lost on the way to a rectifier's input, `next`; null where it is not known. */
export const stoppedShare = (
  { name, masks, energy }: LayerTraceStep,
  next: LayerTraceStep | undefined,
  layers: readonly Layer[],
): number | null => {
  const input = layers[layers.findIndex((layer) => layer.name === name) - 1];
  return masks && energy && next && next.name === input?.name ? 1 - next.energy / energy : null;
};
