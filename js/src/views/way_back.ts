/** The way back: the reversed signal at each layer between the neuron and the image, as a strip whose steps enlarge. */

import type { WayBackStep } from "../asides";
import { button, element, listen, pictureOf, setAttribute, setHidden, setText, surface } from "../dom";
import { levelPixels, meetingPixels, stepBox, stoppedAt } from "../film_strip";
import type { Box } from "../geometry";
import { percentText, valueText } from "../number_text";
import type { Scene } from "../scene";
import { viewBox } from "../shown_pictures";
import { choice } from "./choice";
import { changed, type Part, type Stage } from "./stage";

type Pixels = Uint8ClampedArray<ArrayBuffer>;

/** Below this many screen pixels a place, maps are smoothed. */
const SQUARE_PIXELS = 2;

export function wayBack({ store, signal, watchSize }: Stage): Part {
  const enlarge = (enlarged: string | null): void => store.update({ enlarged });
  const architecture = element("select", {
    class: "dcs-select dcs-quiet",
    "aria-label": "architecture of the way back",
  });
  listen(architecture, signal, { change: () => store.setAside({ wayBack: architecture.value }) });
  const steps = choice<string>("steps of the way back", "dcs-steps", enlarge, signal);
  const card = enlargement(() => enlarge(null), signal);
  const root = element(
    "div",
    "dcs-way-back",
    element(
      "div",
      "dcs-row",
      "the way back of",
      architecture,
      element("span", "dcs-muted", "signal norm at each layer, below it the activation’s"),
    ),
    steps.element,
    card.element,
  );
  watchSize(root);
  let strip: readonly { readonly name: string; readonly maps: readonly [HTMLCanvasElement, HTMLCanvasElement] }[] = [];

  const rebuild = (shown: readonly WayBackStep[]): void => {
    if (shown.length === strip.length && shown.every(({ name }, index) => name === strip[index]?.name)) return;
    strip = shown.map(({ name }) => ({
      name,
      maps: [element("canvas", { "data-layer": name }), element("canvas", { "data-activation": name })],
    }));
    steps.setOptions(
      shown.map(({ name, label }, index) => ({
        value: name,
        label,
        content: element("div", {}, ...(strip[index]?.maps ?? []), label),
      })),
      "dcs-step",
    );
  };

  return {
    element: root,
    draw(state, before) {
      const { scene, aside, asides, enlarged } = state;
      setHidden(root, !aside.wayBack);
      if (!scene || !aside.wayBack) return;
      if (scene !== before?.scene)
        architecture.replaceChildren(
          ...scene.view.pictures.map(({ code, name }) => element("option", { value: code }, name)),
        );
      architecture.value = aside.wayBack;
      const come = asides.wayBack?.code === aside.wayBack ? asides.wayBack.steps : null;
      setAttribute(root, "data-waiting", !come);
      steps.mark(enlarged)?.scrollIntoView({ block: "nearest", inline: "nearest" });
      const at = come?.findIndex(({ name }) => name === enlarged) ?? -1;
      const step = come?.[at];
      setHidden(card.element, !enlarged || (come !== null && !step));
      const anew = changed(state, before, (one) => [one.scene, one.aside, one.asides.wayBack]);
      if (anew) {
        if (come) rebuild(come);
        strip.forEach(({ maps: [signalMap, activationMap] }, index) => {
          const step = come?.[index];
          paint(signalMap, scene, step, step && levelPixels(step.signalMap));
          paint(activationMap, scene, step, step && levelPixels(step.activationMap));
        });
      }
      if (step && (anew || enlarged !== before?.enlarged)) card.draw(step, come?.[at + 1], scene);
    },
  };
}

interface Enlargement {
  readonly element: HTMLElement;
  draw(step: WayBackStep, next: WayBackStep | undefined, scene: Scene): void;
}

/** One step large: the signal, the activation, and what a rectifier stopped or else where the two meet. */
function enlargement(close: () => void, signal: AbortSignal): Enlargement {
  const [title, size] = [element("h3"), element("span", "dcs-muted")];
  const dismiss = button("dcs-button", "close the enlarged step", signal, close, "×");
  const maps = [0, 1, 2].map(() => ({ canvas: element("canvas", { role: "img" }), told: element("figcaption") }));
  const figures = maps.map(({ canvas, told }) => element("figure", {}, canvas, told));
  return {
    element: element(
      "section",
      { class: "dcs-enlarged", "aria-label": "enlarged step", "aria-live": "polite" },
      element("div", "dcs-title", title, size, dismiss),
      element("div", "dcs-enlarged-maps", ...figures),
    ),
    draw(step, next, scene) {
      setText(title, step.label);
      setText(size, `${step.height} × ${step.width} places from (${step.top}, ${step.left})`);
      const stopped = stoppedAt(step, next, scene.network.layers);
      const drawn: readonly (readonly [Pixels, string])[] = [
        [levelPixels(step.signalMap), `signal, up to ${valueText(step.signal)}`],
        [levelPixels(step.activationMap), `activation, up to ${valueText(step.activation)}`],
        !stopped
          ? [meetingPixels(step), "both: signal orange, activation blue"]
          : [levelPixels(stopped.map), `stopped by this rectifier: ${percentText(stopped.share)} of the signal`],
      ];
      drawn.forEach(([pixels, text], index) => {
        const { canvas, told } = maps[index] ?? {};
        if (!canvas || !told) return;
        paint(canvas, scene, step, pixels);
        setText(told, text);
        setAttribute(canvas, "aria-label", `${step.label}: ${text}`);
      });
    },
  };
}

/** Draws a step's map, if there is one yet, where it lies on the photograph, in the box of the receptive field. */
function paint(canvas: HTMLCanvasElement | undefined, scene: Scene, step?: WayBackStep, pixels?: Pixels): void {
  const drawn = canvas && surface(canvas);
  if (!drawn) return; // not laid out yet: its size is watched
  const { context, width, height } = drawn;
  const { layers, image } = scene.network;
  const view = viewBox(scene, "receptive field");
  const ratio = width / Math.max(view.height, view.width);
  const draw = (picture: HTMLCanvasElement, { top, left, ...size }: Box): void => {
    const middle = (start: number, extent: number): number => width / 2 + (start - extent / 2) * ratio;
    const [x, y] = [middle(left - view.left, view.width), middle(top - view.top, view.height)];
    context.imageSmoothingEnabled = (size.width * ratio * devicePixelRatio) / picture.width < SQUARE_PIXELS;
    context.drawImage(picture, x, y, size.width * ratio, size.height * ratio);
  };
  context.fillRect(0, 0, width, height);
  context.globalAlpha = 0.25;
  draw(scene.photograph.picture, { top: 0, left: 0, height: image.height, width: image.width });
  context.globalAlpha = 1;
  if (!step || !pixels?.length) return;
  draw(pictureOf(pixels, step.columns), stepBox(step, layers, image) ?? view);
}
