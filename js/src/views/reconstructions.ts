/** The reversed pictures, one panel each, in one display mode, scale and zoom, with a cursor that all share. */

import { expand } from "../companding";
import { type Painting, paintPicture } from "../display";
import { element, listen, pictureOf, setAttribute, setHidden, setText } from "../dom";
import type { Box, Place } from "../geometry";
import { signedText, valueText } from "../number_text";
import type { Reconstruction, Scene } from "../scene";
import type { State } from "../store";
import type { Part, Stage } from "./stage";

interface Panel {
  readonly element: HTMLElement;
  draw(state: State, scene: Scene, reconstruction: Reconstruction, repaint: boolean): void;
}

export function reconstructions(stage: Stage): Part {
  const root = element("div", { class: "dcs-panels" });
  const panels = new Map<string, Panel>();
  let shown = "";

  return {
    element: root,
    draw(state, before) {
      const { scene } = state;
      if (scene === null) return;
      const repaint =
        before === null ||
        scene !== before.scene ||
        state.display !== before.display ||
        state.gain !== before.gain ||
        state.scale !== before.scale ||
        state.zoom !== before.zoom;
      if (!repaint && state.hover === before.hover) return;
      const codes = scene.reconstructions.map(({ info }) => info.code);
      for (const code of codes) if (!panels.has(code)) panels.set(code, panelFor(stage, code));
      if (codes.join() !== shown) {
        root.replaceChildren(...codes.flatMap((code) => panels.get(code)?.element ?? []));
        setAttribute(root, "data-panels", codes.length);
        shown = codes.join();
      }
      for (const one of scene.reconstructions) panels.get(one.info.code)?.draw(state, scene, one, repaint);
    },
  };
}

/** The box of the image that the panels show. */
function viewBox(scene: Scene, state: State): Box {
  const { height, width } = scene.network.image;
  const empty = scene.view.window.height === 0 || scene.view.window.width === 0;
  return state.zoom === "whole image" || empty ? { top: 0, left: 0, height, width } : scene.view.window;
}

function panelFor(stage: Stage, code: string): Panel {
  const { store, signal } = stage;
  const canvas = element("canvas", { class: "dcs-picture", "data-code": code, role: "img" });
  const cursor = element("div", { class: "dcs-cursor", hidden: true });
  const sheet = element("div", { class: "dcs-sheet" }, canvas, cursor);
  const name = element("strong");
  const range = element("span", { class: "dcs-number" });
  const reading = element("div", { class: "dcs-reading", hidden: true });

  const pixelUnder = (event: PointerEvent): Place | null => {
    const { scene } = store.state;
    if (scene === null) return null;
    const frame = canvas.getBoundingClientRect();
    const { top, left } = viewBox(scene, store.state);
    return {
      y: top + Math.floor(((event.clientY - frame.top) / frame.height) * canvas.height),
      x: left + Math.floor(((event.clientX - frame.left) / frame.width) * canvas.width),
    };
  };
  listen(canvas, signal, {
    pointermove: (event) => store.update({ hover: { neuron: null, pixel: pixelUnder(event) } }),
    pointerleave: () => store.update({ hover: null }),
  });

  return {
    element: element(
      "figure",
      { class: "dcs-panel" },
      element("div", { class: "dcs-frame" }, sheet, reading),
      element("figcaption", {}, name, range),
    ),
    draw(state, scene, reconstruction, repaint) {
      const { info } = reconstruction;
      const view = viewBox(scene, state);
      if (repaint) {
        const pixels = paintPicture(reconstruction, scene.view.window, view, painting(reconstruction, scene, state));
        pictureOf(pixels, view.width, canvas);
        const largest = Math.max(view.height, view.width);
        sheet.style.height = `${(100 * view.height) / largest}%`;
        sheet.style.width = `${(100 * view.width) / largest}%`;
        setText(name, info.name);
        setText(range, info.max === 0 ? "zero everywhere" : `±${valueText(info.max)}`);
        canvas.setAttribute(
          "aria-label",
          `${info.name} of neuron ${scene.view.neuron.channel}: values within ±${valueText(info.max)}`,
        );
      }
      const pixel = state.hover?.pixel ?? null;
      placeCursor(cursor, pixel, view);
      setHidden(reading, cursor.hidden === true);
      if (pixel === null || cursor.hidden) return;
      setText(reading, valuesAt(reconstruction, scene.view.window, pixel));
      // Above or below, away from the cursor.
      setAttribute(reading, "data-above", pixel.y - view.top > view.height / 2);
    },
  };
}

function painting({ info }: Reconstruction, scene: Scene, { display, gain, scale }: State): Painting {
  const compared = scale === "own" ? [info] : scene.reconstructions.map((one) => one.info);
  const reference = {
    q: Math.max(...compared.map((one) => one.q)),
    scale: Math.max(...compared.map((one) => one.scale)),
  };
  return { mode: display, gain, reference, photograph: scene.photograph.pixels, image: scene.network.image };
}

/** The values of the colour channels at one pixel of the image. */
function valuesAt({ bytes, channels, info }: Reconstruction, window: Box, pixel: Place): string {
  const [y, x] = [pixel.y - window.top, pixel.x - window.left];
  if (y < 0 || x < 0 || y >= window.height || x >= window.width) return "0";
  const area = window.height * window.width;
  return Array.from({ length: Math.min(3, channels) }, (_, channel) =>
    signedText(expand(bytes[channel * area + y * window.width + x] ?? 0, info.scale)),
  ).join(" ");
}

function placeCursor(cursor: HTMLElement, pixel: Place | null, view: Box): void {
  const inside =
    pixel !== null &&
    pixel.y >= view.top &&
    pixel.x >= view.left &&
    pixel.y < view.top + view.height &&
    pixel.x < view.left + view.width;
  setHidden(cursor, !inside);
  if (!inside) return;
  cursor.style.top = `${(100 * (pixel.y + 0.5 - view.top)) / view.height}%`;
  cursor.style.left = `${(100 * (pixel.x + 0.5 - view.left)) / view.width}%`;
}
