/** A layer without places: its channels as bars, those of a classifier with their names and probabilities. */

import { element, setText } from "../dom";
import { percentText, valueText } from "../number_text";
import { remembered } from "../remembered";
import { type Scene, shownChannels, softmax } from "../scene";
import type { State } from "../store";
import { choice, type Option } from "./choice";
import { changed, type Part, type Stage } from "./stage";

/** More rows than this nobody reads: they are searched. */
const MOST_ROWS = 50;

export interface ChannelList extends Part {
  /** Lists only channels whose name or number has `text` in it, and returns the first. */
  search(text: string): number | undefined;
}

export function channelList({ store, signal, redraw }: Stage): ChannelList {
  const pick = (channel: number): void => store.ask({ neuron: { channel, y: null, x: null } });
  const rows = choice<number>("channels", "dcs-rows", pick, signal);
  const rest = element("p", { class: "dcs-muted", role: "status" });
  let searched = "";
  const matching = (scene: Scene): readonly number[] => {
    const words = searched.toLowerCase().split(/\s+/);
    return shownChannels(scene, store.state.order).filter((channel) => {
      const text = `#${channel} ${className(scene, channel)}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  };
  const list = remembered((scene: Scene, listed: string) => {
    const channels = listed === "" ? [] : listed.split(",").map(Number);
    rows.setOptions(rowOptions(scene, channels), "dcs-channel");
  });
  let scene: Scene | null = null;

  const part: ChannelList = {
    element: element("div", "dcs-classes", rows.element, rest),
    search(text) {
      searched = text;
      redraw(part);
      return scene ? matching(scene)[0] : undefined;
    },
    draw(state, before) {
      if (!changed(state, before, (one: State) => [one.scene, one.wanted]) || !state.scene) return;
      if (scene?.atlas !== state.scene.atlas || scene.layer !== state.scene.layer) scene = state.scene;
      const chosen = store.markedNeuron()?.channel ?? null;
      const all = matching(scene);
      const first = all.slice(0, MOST_ROWS);
      if (chosen !== null && searched === "" && !first.includes(chosen)) first.push(chosen);
      list(scene, first.join());
      rows.mark(chosen);
      const more = all.length - first.length;
      setText(
        rest,
        all.length === 0 ? "none has this in its name" : more > 0 ? `${more} more: find them by name or #` : "",
      );
    },
  };
  return part;
}

/** The name of a classifier's channel; empty on other layers. */
export function className({ network: { classes }, layer }: Scene, channel: number): string {
  return (classes?.layer === layer.name && classes.names[channel]) || "";
}

function rowOptions(scene: Scene, channels: readonly number[]): Option<number>[] {
  const { maxima } = scene.atlas.info;
  const probabilities = scene.network.classes?.layer === scene.layer.name ? softmax(maxima) : null;
  const most = maxima.reduce((high, value) => Math.max(high, value), 0) || 1;
  // Of scores only what is above zero is drawn; of a layer with negative values both sides are, around the middle.
  const least = probabilities ? 0 : maxima.reduce((low, value) => Math.min(low, value), 0);
  const percent = (value: number): number => (100 * (Math.max(least, value) - least)) / (most - least);
  return channels.map((channel) => {
    const value = maxima[channel] ?? 0;
    const probability = probabilities?.[channel];
    const bar = element("i");
    bar.style.left = `${percent(Math.min(0, value))}%`;
    bar.style.width = `${percent(Math.max(0, value)) - percent(Math.min(0, value))}%`;
    const name = className(scene, channel) || `#${channel}`;
    const shown = probability === undefined ? valueText(value) : percentText(probability);
    const told = probability === undefined ? "" : `, softmax ${shown}`;
    return {
      value: channel,
      label: `${name} (${channel}): ${valueText(value)}${told}`,
      content: element(
        "span",
        {},
        element("b", {}, name),
        element("span", {}, shown),
        element("span", "dcs-track", bar),
      ),
      attributes: { "data-class": channel },
    };
  });
}
