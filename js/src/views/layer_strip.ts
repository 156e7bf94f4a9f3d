/** One bar a layer: its height tells the size of the maps, its width the number of channels, its look the kind. */

import { element, listen, setHidden, setText } from "../dom";
import { shapeText } from "../number_text";
import type { Layer, Network } from "../protocol";
import { choice, type Option } from "./choice";
import type { Part, Stage } from "./stage";

const LABEL_LENGTH = 14;

export function layerStrip({ store, signal }: Stage): Part {
  const go = (layer: string): void => store.ask({ layer, neuron: null });
  const layers = choice<string>("layer", "dcs-layers", go, signal);
  const search = element("input", {
    type: "search",
    placeholder: "find layer",
    "aria-label": "find a layer by its name or kind; Enter goes to the first found",
    autocomplete: "off",
    spellcheck: "false",
  });
  const none = element("span", { class: "dcs-muted", role: "status" });
  let shown: string | null = null;
  let known: Network | undefined;
  let found: readonly HTMLElement[] = [];

  const filter = (): void => {
    const words = search.value.toLowerCase().split(/\s+/);
    const buttons = [...layers.element.children].filter((child) => child instanceof HTMLElement);
    for (const button of buttons) setHidden(button, !words.every((word) => button.title.toLowerCase().includes(word)));
    found = buttons.filter((button) => !button.hidden);
    setText(none, search.value && found.length === 0 ? "no such layer" : "");
    layers.mark(shown);
  };
  listen(search, signal, {
    input: filter,
    keydown: (event) => {
      const { key } = event;
      if (key === "Escape") {
        search.value = "";
        filter();
      } else if (key === "Enter") found[0]?.click();
      else if (key === "ArrowDown") found[0]?.focus();
      else return;
      event.preventDefault();
    },
  });

  return {
    element: element(
      "nav",
      { class: "dcs-strip", "aria-label": "layers of the network" },
      layers.element,
      element("div", "dcs-search", search, none),
    ),
    draw(state, before) {
      const network = state.scene?.network;
      const anew = network !== known;
      if (anew) {
        known = network;
        layers.setOptions(layerOptions(network?.layers ?? []), "dcs-layer");
        search.value = "";
        filter();
      }
      const wanted = state.wanted?.layer ?? state.scene?.view.layer ?? null;
      if (wanted === shown && !anew && before) return;
      const button = layers.mark(wanted);
      if (button) scrollIntoStrip(layers.element, button, anew);
      shown = wanted;
    },
  };
}

/** The kinds that have a look of their own. */
function lookOf(kind: string): string {
  if (kind.includes("convolution")) return "convolution";
  if (kind.includes("pool")) return "pool";
  if (kind.includes("rectifier")) return "rectifier";
  return "other";
}

function layerOptions(layers: readonly Layer[]): Option<string>[] {
  const heightOf = lengths(layers.filter(({ shape }) => shape.length > 1).map(mapSize), 12, 42);
  const widthOf = lengths(
    layers.map(({ shape }) => shape[0] ?? 1),
    8,
    28,
  );
  return layers.map((layer) => {
    const bar = element("span", { class: "dcs-bar", "data-look": lookOf(layer.kind) });
    bar.style.height = `${layer.shape.length > 1 ? heightOf(mapSize(layer)) : 5}px`;
    bar.style.width = `${widthOf(layer.shape[0] ?? 1)}px`;
    const box = element("span", "dcs-bar-box", bar);
    const label = element("span", {}, shortened(layer.label));
    const path = layer.label === layer.name ? "" : ` (${layer.name})`;
    return {
      value: layer.name,
      label: `${layer.label}${path}: ${layer.kind}, ${shapeText(layer.shape)}, ${fieldText(layer)}`,
      content: element("span", "dcs-layer-content", box, label),
      attributes: { "data-layer": layer.name },
    };
  });
}

/** What a neuron of the layer can see. */
export function fieldText({ field }: Layer): string {
  return `field ${field ? field.size.join(" × ") : "the whole image"}`;
}

/** Labels that are module paths differ at their ends. */
function shortened(label: string): string {
  return label.length > LABEL_LENGTH ? `…${label.slice(1 - LABEL_LENGTH)}` : label;
}

function mapSize({ shape: [, height = 1, width = 1] }: Layer): number {
  return Math.sqrt(height * width);
}

/** From counts to lengths in pixels: equal ratios are equal steps, the least is `shortest`, the most `longest`. */
function lengths(counts: readonly number[], shortest: number, longest: number): (count: number) => number {
  const least = Math.log(Math.min(...counts));
  const range = Math.log(Math.max(...counts)) - least || 1;
  return (count) => Math.round(shortest + ((longest - shortest) * (Math.log(count) - least)) / range);
}

/** Scrolls the strip alone: `scrollIntoView` would move the notebook as well. */
function scrollIntoStrip(strip: HTMLElement, button: HTMLElement, atOnce: boolean): void {
  const margin = button.offsetWidth * 1.5;
  const from = button.offsetLeft - margin;
  const to = button.offsetLeft + button.offsetWidth + margin - strip.clientWidth;
  if (strip.scrollLeft <= from && strip.scrollLeft >= to) return;
  const left = strip.scrollLeft > from ? from : to;
  strip.scrollTo({ left, behavior: atOnce ? "instant" : "auto" });
}
