/** Controls for the pictures: mode, scale, gain, zoom, architectures, and what stands beside them. */

import { h, plain, type Tree } from "../dom";
import type { DisplayMode } from "../pictures/display";
import type { Catalog } from "../protocol/protocol";
import { latestRequest } from "../store/requests";
import type { State } from "../store/state";
import type { Store } from "../store/store";
import type { Component, ViewServices } from "./component";
import { choice, listOf, type Option, slider } from "./controls";

const MODES: readonly Option<DisplayMode>[] = (
  [
    ["paper", "paper", "a sigmoid, black at the 0.5 % quantile"],
    ["signed", "signed", "linear, grey at zero"],
    ["renormalised", "^0.1", "the tenth root with its sign: the whole support"],
    ["saliency", "saliency", "the largest magnitude of the colours"],
    ["magnitude", "norm", "the Euclidean norm of the colours"],
    ["overlay", "over image", "the picture where it is strong"],
  ] as const
).map(([value, content, meaning]) => ({ value, content, label: `${content}: ${meaning}` }));

const ZOOMS = (["receptive field", "whole image"] as const).map((value) => ({ value, label: value, content: value }));
const SCALES = [
  ["own", "± own scale"],
  ["shared", "± one scale"],
] as const;
const GAIN = { label: "gain", min: -3, max: 3, step: 0.1, home: 0 };

/** Mode and scale, above the pictures. */
export const modeBar = (services: ViewServices, save: () => void): Component => {
  const { store } = services;
  const scales = listOf(services);
  return ({ display, scale }) =>
    plain(
      ".title.mode-bar",
      choice("display of the pictures", "segments", "segment", MODES, display, (mode) => store.share("display", mode)),
      plain(
        "span.tools",
        scales("scale of the pictures", "quiet", SCALES, scale, (chosen) => store.update({ scale: chosen })),
        h("button.button.save", { named: "save the pictures as PNG (s)", onclick: save }, "PNG"),
      ),
    );
};

/** Architectures, gain and zoom, below the pictures. */
export const pictureControls =
  (store: Store): Component =>
  (state) => {
    const { gain, zoom } = state;
    const text = `×${gain < 10 ? gain.toPrecision(2) : Math.round(gain)}`;
    return plain(
      ".controls",
      plain(".row.architectures", "architectures", architectureChips(store, state)),
      plain(
        ".row.gain",
        "gain",
        slider(GAIN, Math.round(Math.log2(gain) * 10) / 10, text, (exponent) => store.update({ gain: 2 ** exponent })),
        plain("span.number", text),
        choice("zoom of the pictures", "segments", "segment", ZOOMS, zoom, (value) => store.update({ zoom: value })),
        toggles(store, state),
      ),
    );
  };

/** Buttons for what stands beside the pictures, to judge them by. */
const toggles = (store: Store, state: State): Tree => {
  const { panelRequest, shown, edges } = state;
  const { exemplars, segmentation = false } = shown?.network ?? {};
  const codes = latestRequest(state)?.architectures ?? [];
  const traced = codes.includes("TTT") ? "TTT" : (codes[0] ?? null);
  const toggle = (label: string, title: string, pressed: boolean, click: () => void, offered = true): Tree =>
    h(
      "button.segment",
      {
        key: label,
        title,
        "aria-disabled": !offered || null,
        "aria-pressed": pressed,
        onclick: offered ? click : () => store.update({ failure: title }),
      },
      label,
    );
  const panel = (
    label: string,
    title: string,
    name: "random" | "segmentation" | "exemplars",
    offered?: boolean,
  ): Tree => {
    const pressed = panelRequest[name];
    return toggle(label, title, pressed, () => store.requestPanels({ [name]: !pressed }), offered);
  };
  const foreground = "what the first picture says is foreground";
  const missing = "segmentation needs: pip install deconvscope[segmentation]";
  return h(
    ".segments",
    { role: "group", label: "beside the pictures" },
    panel("random weights", "the same neuron, filters drawn at random", "random"),
    toggle("edges", "the edges of the photograph, which know of no neuron", edges, () =>
      store.update({ edges: !edges }),
    ),
    toggle("way back", "the reversed signal at every layer", !!panelRequest.layerTrace, () => {
      store.update({ enlarged: null });
      store.requestPanels({ layerTrace: panelRequest.layerTrace ? null : traced });
    }),
    panel("segmentation", segmentation ? foreground : missing, "segmentation", segmentation),
    exemplars?.includes(shown?.layer.name ?? "") &&
      panel("exemplars", "images that excite this channel most", "exemplars"),
  );
};

/** A button for each of the eight, and for any other that is shown. The pictures come in the order of choosing. */
const architectureChips = (store: Store, state: State): Tree => {
  const chosen = latestRequest(state)?.architectures ?? [];
  const toggle = (code: string): void => {
    const now = latestRequest(store.state)?.architectures ?? [];
    const others = now.filter((other) => other !== code);
    if (others.length === now.length) store.ask({ architectures: [...now, code] });
    else if (others.length > 0) store.ask({ architectures: others });
  };
  return h(
    ".chips",
    { role: "group", label: "architectures" },
    architecturesOf(state).map(({ code, name, meaning }) =>
      h(
        "button.chip",
        {
          key: code,
          named: `${name === code ? code : `${name} (${code})`}: ${meaning}`,
          "aria-pressed": chosen.includes(code),
          "aria-disabled": chosen.includes(code) && chosen.length === 1,
          onclick: () => toggle(code),
        },
        name,
      ),
    ),
  );
};

/** Those shown, then the others of the catalogue; SaliNet, which has two codes, is listed under the one shown. */
const architecturesOf = ({ catalog: { architectures }, shown }: State): Catalog["architectures"] => {
  const current = (shown?.view.pictures ?? []).map(({ code, name }) => {
    const meaning = architectures.find((one) => one.name === name)?.meaning ?? code;
    return { code, name, meaning };
  });
  return [...current, ...architectures.filter(({ name }) => !current.some((picture) => picture.name === name))];
};
