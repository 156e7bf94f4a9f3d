/** The channels of a layer without places as bars, those of a classifier with names and probabilities. */

import { h, plain, type Tree } from "../../dom";
import { type ShownView, shownChannels, softmax } from "../../protocol/shown_view";
import { matches, percentText, valueText } from "../../text";
import { choice, type Option } from "../controls";

/** Longer lists are searched. */
const MOST_ROWS = 50;

/** The channel whose number a text is, or NaN. */
export const channelNumber = (text: string): number =>
  /^#?\d+$/.test(text) ? Number(text.replace("#", "")) : Number.NaN;

/** The channels whose number or name has every word of `text`: first the one of that number, then the strongest. */
export const matchingChannels = (shown: ShownView, text: string): readonly number[] => {
  const exact = channelNumber(text);
  return shownChannels(shown, "strongest")
    .filter((channel) => matches(`#${channel} ${className(shown, channel)}`, text))
    .sort((a, b) => Number(b === exact) - Number(a === exact));
};

export const channelList = (
  shown: ShownView,
  searched: string,
  chosen: number | null,
  pick: (channel: number) => void,
): Tree => {
  const all = matchingChannels(shown, searched);
  const first = all.slice(0, MOST_ROWS);
  if (chosen !== null && !searched && !first.includes(chosen)) first.push(chosen);
  const more = all.length - first.length;
  const note = more > 0 ? `${more} more: find them by name or #` : "";
  return plain(
    ".classes",
    choice("channels", "rows", "channel", rowOptions(shown, first), chosen, pick),
    h("p.muted", { role: "status" }, all.length === 0 ? "none has this in its name" : note),
  );
};

/** The name of a classifier's channel; empty on other layers. */
export const className = ({ network: { classes }, layer }: ShownView, channel: number): string =>
  (classes?.layer === layer.name && classes.names[channel]) || "";

const rowOptions = (shown: ShownView, channels: readonly number[]): Option<number>[] => {
  const { maxima } = shown.atlas.info;
  const probabilities = shown.network.classes?.layer === shown.layer.name ? softmax(maxima) : null;
  const most = Math.max(0, ...maxima) || 1;
  // Of scores only what is above zero is drawn; of other layers both sides.
  const least = probabilities ? 0 : Math.min(0, ...maxima);
  const percent = (value: number): number => (100 * (Math.max(least, value) - least)) / (most - least);
  return channels.map((channel) => {
    const value = maxima[channel] ?? 0;
    const probability = probabilities?.[channel];
    const [left, right] = [percent(Math.min(0, value)), percent(Math.max(0, value))];
    const name = className(shown, channel) || `#${channel}`;
    const text = probability === undefined ? valueText(value) : percentText(probability);
    return {
      value: channel,
      label: `${name} (${channel}): ${valueText(value)}${probability === undefined ? "" : `, softmax ${text}`}`,
      content: plain(
        "span",
        plain("b", name),
        plain("span", text),
        plain("span.track", h("i", { style: `left: ${left}%; width: ${right - left}%` })),
      ),
      attributes: { "data-class": channel },
    };
  });
};
