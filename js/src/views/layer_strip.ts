/** The layers as bars: the height stands for the size of the maps, the width for the channels, the look for the kind. */

import { create, h, plain } from "../dom";
import { memoized } from "../memoized";
import { clamp } from "../pictures/geometry";
import type { Layer, Network } from "../protocol/protocol";
import { matches, shapeText } from "../text";
import type { Component, ViewServices } from "./component";
import { choice, type Option, remark } from "./controls";

export const layerStrip = ({ store, redraw }: ViewServices): Component => {
  const search = create<HTMLInputElement>(plain("input"));
  const go = (layer: string): void => {
    const { shown } = store.state;
    if (shown) store.ask({ model: shown.network.model, layer, neuron: null });
  };
  const optionsOf = memoized(layerOptions);
  const strip = memoized((network: Network | undefined, words: string, chosen: string | null) => {
    const found = optionsOf(network?.layers ?? []).filter(({ label }) => matches(label, words));
    return h(
      "nav.strip",
      { label: "layers of the network", from: [chosen, network], paint: revealChosen },
      choice("layer", "layers", "layer", found, chosen, go),
      plain(
        ".search",
        h(search, {
          type: "search",
          placeholder: "find layer",
          label: "find a layer by name or kind",
          oninput: redraw,
          onkeydown: (event) => {
            const { key } = event;
            const first = search.closest("nav")?.querySelector("button");
            if (key === "Escape") search.value = "";
            else if (key === "Enter") first?.click();
            else if (key === "ArrowDown") first?.focus();
            else return;
            event.preventDefault();
            redraw();
          },
        }),
        remark(words && found.length === 0 ? "no such layer" : ""),
      ),
    );
  });
  return ({ shown, requested }) => strip(shown?.network, search.value, requested?.layer ?? shown?.view.layer ?? null);
};

const lookOf = (kind: string): string =>
  ["convolution", "pool", "rectifier"].find((look) => kind.includes(look)) ?? "other";

const layerOptions = (layers: readonly Layer[]): Option<string>[] => {
  const heightOf = lengths(layers.filter(({ shape }) => shape.length > 1).map(mapSize), 12, 42);
  const widthOf = lengths(layers.map(channels), 8, 28);
  return layers.map((layer) => {
    const { name, label, kind, shape } = layer;
    const height = shape.length > 1 ? heightOf(mapSize(layer)) : 5;
    const style = `height: ${height}px; width: ${widthOf(channels(layer))}px`;
    const path = label === name ? "" : ` (${name})`;
    return {
      value: name,
      label: `${label}${path}: ${kind}, ${shapeText(shape)}, ${fieldText(layer)}`,
      content: plain(
        "span.layer-content",
        plain("span.bar-box", h("span.bar", { style, "data-look": lookOf(kind) })),
        plain("span", shortLabel(label, 14)),
      ),
      attributes: { "data-layer": name },
    };
  });
};

/** Cuts the beginning: paths differ at their ends. */
export const shortLabel = (label: string, length: number): string =>
  label.length > length ? `…${label.slice(1 - length)}` : label;

export const fieldText = ({ field }: Layer): string => `field ${field ? field.size.join(" × ") : "the whole image"}`;

const channels = ({ shape: [count = 1] }: Layer): number => count;

const mapSize = ({ shape: [, height = 1, width = 1] }: Layer): number => Math.sqrt(height * width);

/** Maps counts to lengths in pixels on a logarithmic scale. */
const lengths = (counts: readonly number[], shortest: number, longest: number): ((count: number) => number) => {
  const least = Math.log(Math.min(...counts));
  const range = Math.log(Math.max(...counts)) - least || 1;
  return (count) => Math.round(shortest + ((longest - shortest) * (Math.log(count) - least)) / range);
};

/** Scrolls the strip alone: `scrollIntoView` would move the notebook as well. */
const revealChosen = (nav: HTMLElement): void => {
  const chosen = nav.querySelector<HTMLElement>("[aria-checked=true]");
  const strip = chosen?.parentElement;
  if (!strip) return;
  const { offsetLeft, offsetWidth } = chosen;
  const [from, to] = [offsetLeft - 1.5 * offsetWidth, offsetLeft + 2.5 * offsetWidth - strip.clientWidth];
  strip.scrollLeft = clamp(strip.scrollLeft, to, from);
};
