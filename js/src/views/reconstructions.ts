/** The reversed pictures side by side, in one display, scale and zoom, with one cursor over all of them. */

import { centre, movedCursor } from "../cursor";
import { element, listen, setAttribute, setText } from "../dom";
import type { Place } from "../geometry";
import type { Scene } from "../scene";
import { pictureColumns, type ShownPicture, viewBox } from "../shown_pictures";
import type { State } from "../store";
import { type Meter, meter, meterNote } from "./meter";
import { pictureSheet, type Sheet } from "./picture_sheet";
import { changed, type Part, type Stage } from "./stage";

interface Panel {
  readonly element: HTMLElement;
  readonly sheet: Sheet;
  readonly meter: Meter | null;
  readonly name: HTMLElement;
  readonly range: HTMLElement;
}

export function reconstructions(stage: Stage): Part {
  const { store, signal } = stage;
  const root = element("div", {
    class: "dcs-panels",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "pictures under one cursor",
    "aria-label": "pictures; arrow keys move a cursor over all of them, with Shift ten pixels",
  });
  const announced = element("p", { class: "dcs-unseen", "aria-live": "polite" });
  const columnsOf = pictureColumns();
  const made = new Map<string, Panel>();
  let shown: readonly Panel[] = [];
  let shownKeys = "";
  stage.watchSize(root);

  const moveTo = (pixel: Place): void => {
    store.update({ hover: { neuron: null, pixel } });
    const readings = shown.map(({ sheet }) => sheet.point(pixel)).filter((text) => text !== "");
    setText(announced, `row ${pixel.y}, column ${pixel.x}: ${readings.join("; ")}`);
  };
  listen(root, signal, {
    focus: () => {
      const { scene, zoom, hover } = store.state;
      if (scene) moveTo(hover?.pixel ?? centre(viewBox(scene, zoom)));
    },
    blur: () => store.update({ hover: null }),
    keydown: (event) => {
      const { scene, zoom, hover } = store.state;
      const to = scene && movedCursor(hover?.pixel ?? null, event, viewBox(scene, zoom));
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      moveTo(to);
    },
  });

  const panelOf = (picture: ShownPicture): Panel => {
    const key = picture.attribute + picture.code;
    const panel = made.get(key) ?? panelFor(stage, picture);
    made.set(key, panel);
    return panel;
  };
  const paint = (state: State, scene: Scene): void => {
    const columns = columnsOf(state, scene);
    const view = viewBox(scene, state.zoom);
    const keys = columns.map((column) => column.map(({ attribute, code }) => attribute + code).join()).join(" ");
    shown = columns.flat().map(panelOf);
    if (keys !== shownKeys) {
      const elements = columns.map((column) => element("div", {}, ...column.map((one) => panelOf(one).element)));
      root.replaceChildren(...elements);
      setAttribute(root, "data-panels", columns.length);
      shownKeys = keys;
    }
    for (const picture of columns.flat()) {
      const { sheet, name, range } = panelOf(picture);
      sheet.paint(picture, view);
      setText(name, picture.name);
      setText(range, picture.range);
    }
  };

  return {
    element: element("div", {}, root, announced, meterNote()),
    draw(state, before) {
      const { scene, asides } = state;
      if (!scene) return;
      const read = (one: State): readonly unknown[] => [
        one.scene,
        one.display,
        one.gain,
        one.scale,
        one.zoom,
        one.edges,
        one.aside.random,
        one.asides.random,
      ];
      if (changed(state, before, read)) paint(state, scene);
      scene.reconstructions.forEach(({ info }, index) => {
        made.get(`data-code${info.code}`)?.meter?.draw(info.code, asides.meters, index);
      });
      for (const { sheet } of shown) sheet.point(state.hover?.pixel ?? null);
    },
  };
}

function panelFor(stage: Stage, { attribute }: ShownPicture): Panel {
  const [sheet, name, range] = [pictureSheet(stage), element("strong"), element("span", "dcs-number")];
  const own = attribute === "data-code" ? meter() : null;
  const caption = element("figcaption", {}, name, range);
  const figure = element("figure", "dcs-panel", sheet.element, caption, own?.element ?? "");
  return { element: figure, sheet, meter: own, name, range };
}
