/** How the pictures are shown: mode, scale, gain, zoom, and which architectures. All but the last stay in the browser. */

import { button, element, listen, setAttribute, setText } from "../dom";
import type { Catalog, DisplayMode } from "../protocol";
import { savePictures } from "../saving";
import type { State } from "../store";
import { choice } from "./choice";
import { slider } from "./slider";
import type { Part, Stage } from "./stage";

const MODES: readonly { readonly value: DisplayMode; readonly content: string; readonly label: string }[] = [
  {
    value: "paper",
    content: "paper",
    label: "paper: the sigmoid of Mahendran & Vedaldi, black at the 0.5 % quantile, grey at zero",
  },
  { value: "signed", content: "signed", label: "signed: linear, grey at zero" },
  {
    value: "renormalised",
    content: "^0.1",
    label: "^0.1: the sign times the tenth root of the magnitude, shows the whole support",
  },
  { value: "saliency", content: "saliency", label: "saliency: the largest magnitude of the colour channels" },
  {
    value: "overlay",
    content: "over image",
    label: "over image: the picture where it is strong, the photograph elsewhere",
  },
];

const ZOOMS = ["receptive field", "whole image"] as const;

/** Mode and scale, above the pictures. */
export function modeBar({ store, signal, colour }: Stage): Part {
  const modes = choice<DisplayMode>(
    "display of the pictures",
    "dcs-segments",
    (mode) => store.setDisplay(mode),
    signal,
  );
  modes.setOptions(MODES, "dcs-segment");
  const scale = element(
    "select",
    {
      class: "dcs-select dcs-quiet",
      "aria-label": "scale of the pictures",
      title: "whether each picture has its own scale, or all share the largest",
    },
    element("option", { value: "own" }, "± own scale"),
    element("option", { value: "shared" }, "± one scale"),
  );
  listen(scale, signal, { change: () => store.update({ scale: scale.value === "shared" ? "shared" : "own" }) });
  const save = (): void => savePictures(store.state, colour);
  const saving = button("dcs-button dcs-save", "save the pictures as PNG (s)", signal, save, "PNG");
  return {
    element: element("div", "dcs-title dcs-mode-bar", modes.element, element("span", "dcs-tools", scale, saving)),
    draw(state) {
      modes.mark(state.display);
      scale.value = state.scale;
    },
  };
}

/** Architectures, gain and zoom, below the pictures. */
export function pictureControls(stage: Stage): Part {
  const { store, signal } = stage;
  const zoom = choice<(typeof ZOOMS)[number]>(
    "zoom of the pictures",
    "dcs-segments",
    (value) => store.update({ zoom: value }),
    signal,
  );
  zoom.setOptions(
    ZOOMS.map((value) => ({ value, label: value, content: value })),
    "dcs-segment",
  );
  const gain = slider(
    { label: "gain", minimum: -3, maximum: 3, step: 0.1, home: 0 },
    (exponent) => store.update({ gain: 2 ** exponent }),
    signal,
  );
  const gainText = element("span", "dcs-number");
  const [beside, architectures] = [toggles(stage), architectureChips(stage)];
  const gains = element("div", "dcs-row dcs-gain", "gain", gain.element, gainText, zoom.element, beside.element);

  return {
    element: element("div", "dcs-controls", architectures.element, gains),
    draw(state, before) {
      architectures.draw(state, before);
      beside.draw(state, before);
      zoom.mark(state.zoom);
      const text = `×${state.gain < 10 ? state.gain.toPrecision(2) : Math.round(state.gain)}`;
      gain.set(Math.round(Math.log2(state.gain) * 10) / 10, text);
      setText(gainText, text);
    },
  };
}

/** What can stand beside the pictures, to judge them by. */
function toggles({ store, signal }: Stage): Part {
  const group = element("div", { class: "dcs-segments", role: "group", "aria-label": "beside the pictures" });
  const toggle = (label: string, title: string, click: () => void): HTMLButtonElement => {
    const made = button("dcs-segment", label, signal, click);
    made.title = title;
    group.append(made);
    return made;
  };
  const random = toggle("random weights", "the same neuron of the network with random filters", () =>
    store.setAside({ random: !store.state.aside.random }),
  );
  const edges = toggle("edges", "the edges of the photograph, which know of no neuron", () =>
    store.update({ edges: !store.state.edges }),
  );
  const wayBack = toggle("way back", "the reversed signal at every layer between the neuron and the image", () => {
    const codes = store.place()?.architectures ?? [];
    store.update({ enlarged: null });
    store.setAside({
      wayBack: store.state.aside.wayBack ? null : (codes.find((code) => code === "TTT") ?? codes[0] ?? null),
    });
  });
  return {
    element: group,
    draw({ aside, edges: wanted }) {
      setAttribute(random, "aria-pressed", String(aside.random));
      setAttribute(edges, "aria-pressed", String(wanted));
      setAttribute(wayBack, "aria-pressed", String(aside.wayBack !== null));
    },
  };
}

/** A button for each of the eight, and for any other that is shown. The pictures come in the order of choosing. */
function architectureChips({ store, signal }: Stage): Part {
  const chips = element("div", { class: "dcs-chips", role: "group", "aria-label": "architectures" });
  const made = new Map<string, HTMLButtonElement>();

  const toggle = (code: string): void => {
    const chosen = store.place()?.architectures ?? [];
    const others = chosen.filter((other) => other !== code);
    if (others.length === chosen.length) store.ask({ architectures: [...chosen, code] });
    else if (others.length > 0) store.ask({ architectures: others });
  };
  const chip = ({ code, name }: Catalog["architectures"][number]): HTMLButtonElement => {
    const label = `${name === code ? code : `${name} (${code})`}: ${lettersText(code)}`;
    const one = made.get(code) ?? button("dcs-chip", label, signal, () => toggle(code), name);
    made.set(code, one);
    return one;
  };

  return {
    element: element("div", "dcs-row dcs-architectures", "architectures", chips),
    draw(state) {
      if (!state.scene) return;
      const listed = architecturesOf(state);
      // Kept where they are while they are the same: a chip that was pressed keeps the focus.
      if (listed.length !== chips.childElementCount || listed.some(({ code }) => made.get(code)?.parentNode !== chips))
        chips.replaceChildren(...listed.map(chip));
      const chosen = store.place()?.architectures ?? [];
      for (const [code, shown] of made) {
        setAttribute(shown, "aria-pressed", String(chosen.includes(code)));
        setAttribute(shown, "aria-disabled", chosen.length === 1 && chosen.includes(code));
      }
    },
  };
}

/** What is shown, then the other catalogued ones; SaliNet, which has two codes, is listed under the one shown. */
function architecturesOf({ catalog, scene }: State): Catalog["architectures"] {
  const shown = scene?.view.pictures ?? [];
  const others = catalog.architectures.filter(({ name }) => !shown.some((picture) => picture.name === name));
  return [...shown, ...others];
}

function lettersText(code: string): string {
  if (!/^[TF]{3}$/.test(code)) return "the true gradient, through any normalisation as well";
  const [mask, switches, rectifier] = [...code].map((letter) => letter === "T");
  const parts = [
    mask ? "ReLU masks" : "no ReLU masks",
    switches ? "pooling switches" : "pooling to the centre",
    rectifier ? "backward ReLU" : "no backward ReLU",
  ];
  return parts.join(", ");
}
