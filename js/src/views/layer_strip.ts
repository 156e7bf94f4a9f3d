/** One bar a layer: its height tells the size of the maps, its width the number of channels, its look the kind. */

import { element } from "../dom";
import { shapeText } from "../number_text";
import type { Layer } from "../protocol";
import { Choice, type Option } from "./choice";
import type { Part, Stage } from "./stage";

const LABEL_LENGTH = 14;

export function layerStrip({ store, signal }: Stage): Part {
  const layers = new Choice<string>("layer", "dcs-layers", (layer) => store.ask({ layer, neuron: null }), signal);
  let shown: string | null = null;

  return {
    element: element("nav", { class: "dcs-strip", "aria-label": "layers of the network" }, layers.element),
    draw(state, before) {
      const network = state.scene?.network;
      if (network !== before?.scene?.network) {
        layers.setOptions(layerOptions(network?.layers ?? []), "dcs-layer");
        shown = null;
      }
      const wanted = state.wanted?.layer ?? state.scene?.view.layer ?? null;
      if (wanted === shown && before !== null) return;
      const button = layers.mark(wanted);
      if (button !== null) scrollIntoStrip(layers.element, button, shown === null);
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
    const box = element("span", { class: "dcs-bar-box" }, bar);
    const label = element("span", {}, shortened(layer.label));
    const described = `${layer.label}: ${layer.kind}, ${shapeText(layer.shape)}`;
    return {
      value: layer.name,
      label: layer.label === layer.name ? described : `${described} (${layer.name})`,
      content: element("span", { class: "dcs-layer-content" }, box, label),
      attributes: { "data-layer": layer.name },
    };
  });
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
