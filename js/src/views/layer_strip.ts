/** One bar a layer: its height tells the size of the maps, its width the number of channels, its look the kind. */

import { element, setAttribute } from "../dom";
import { shapeText } from "../number_text";
import type { Layer } from "../protocol";
import { Choice, type Option } from "./choice";
import type { Part, Stage } from "./stage";

export function layerStrip({ store, signal }: Stage): Part {
  const layers = new Choice<string>("layer", "dcs-layers", (layer) => store.ask({ layer, neuron: null }), signal);
  let shown: string | null = null;

  return {
    element: element("nav", { class: "dcs-strip", "aria-label": "layers of the network" }, layers.element),
    draw(state, before) {
      const network = state.scene?.network;
      if (network !== before?.scene?.network) {
        layers.setOptions(network?.layers.map(layerOption) ?? [], "dcs-layer");
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

function layerOption(layer: Layer): Option<string> {
  const [channels = 1, height = 1, width = 1] = layer.shape;
  const bar = element("span", { class: "dcs-bar", "data-look": lookOf(layer.kind) });
  const vector = layer.shape.length === 1;
  bar.style.height = `${vector ? 5 : barLength(Math.sqrt(height * width), 7, 44)}px`;
  bar.style.width = `${barLength(channels, 6, 34)}px`;
  const described = `${layer.label}: ${layer.kind}, ${shapeText(layer.shape)}`;
  const label = element("span", { class: "dcs-layer-label" }, layer.label);
  return {
    value: layer.name,
    label: layer.label === layer.name ? described : `${described} (${layer.name})`,
    content: element("span", { class: "dcs-layer-content" }, element("span", { class: "dcs-bar-box" }, bar), label),
    attributes: { "data-layer": layer.name },
  };
}

/** Logarithmic from 1 to 2048, so that both 3 and 2048 channels can be told from their neighbours. */
function barLength(count: number, shortest: number, longest: number): number {
  return Math.round(shortest + (longest - shortest) * Math.min(1, Math.log2(Math.max(1, count)) / 11));
}

/** Scrolls the strip alone: `scrollIntoView` would move the notebook as well. */
function scrollIntoStrip(strip: HTMLElement, button: HTMLElement, atOnce: boolean): void {
  setAttribute(strip, "data-scrollable", strip.scrollWidth > strip.clientWidth);
  const margin = button.offsetWidth * 1.5;
  const from = button.offsetLeft - margin;
  const to = button.offsetLeft + button.offsetWidth + margin - strip.clientWidth;
  if (strip.scrollLeft <= from && strip.scrollLeft >= to) return;
  const left = strip.scrollLeft > from ? from : to;
  strip.scrollTo({ left, behavior: atOnce ? "instant" : "smooth" });
}
