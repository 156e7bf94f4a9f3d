/** The line at the bottom: the neuron in words, progress and failures, time and device. */

import { type Child, h, plain, type Tree } from "../dom";
import type { Network, ViewInfo } from "../protocol/protocol";
import type { ShownView } from "../protocol/shown_view";
import type { State } from "../store/state";
import { durationText, percentText, valueText } from "../text";
import { className } from "./atlas/channel_list";
import type { Component, ViewServices } from "./component";
import { closeButton } from "./controls";

/** Live mode is offered where answers take less. */
const QUICK_MS = 40;

export const statusLine =
  ({ store, focus }: ViewServices): Component =>
  (state) => {
    const { shown, failure, progress, outage, live, panels } = state;
    const work = workText(state);
    const working = outage !== "no kernel" && progress;
    const { exemplars } = panels;
    const share = exemplars && (exemplars.share > 0 ? `top ${percentText(exemplars.share)} over` : "above all of");
    const dismiss = (): void => {
      store.update({ failure: null });
      focus();
    };
    const toggle = (name: "live" | "prefetch", text: string, title: string, offered: boolean): Tree =>
      h(
        `label.switch.${name}`,
        { title, hidden: !offered || outage === "no kernel" },
        h("input", {
          type: "checkbox",
          checked: state[name],
          onchange: ({ currentTarget }) => store.share(name, currentTarget.checked),
        }),
        text,
      );
    return plain(
      ".status",
      h(
        "span.sentence",
        { role: "status" },
        shown && [
          plain("span.neuron", neuronWords(shown)),
          plain("span.muted", rankText(shown.view)),
          exemplars && plain("span.muted", `${share} ${exemplars.images.toLocaleString("en")} images`),
        ],
      ),
      h(
        "span.failure",
        { hidden: !failure },
        h("span.alert", { role: "alert", hidden: !failure }, failure),
        closeButton("dismiss", dismiss, "dismiss"),
      ),
      working && h("progress.progress", { label: "progress", value: progress.fraction }),
      h("span.work", { role: "status", hidden: !work }, work),
      working && progress.cancellable && h("button.button.cancel", { onclick: () => store.cancel() }, "Cancel"),
      toggle("live", "live", "look where the pointer is", live || (shown?.view.milliseconds ?? QUICK_MS) < QUICK_MS),
      toggle("prefetch", "compute ahead", "what the pointer rests on", true),
      h("span.cost", { title: costTitle(shown?.network) }, shown && costText(shown.view, shown.network)),
    );
  };

const neuronWords = (shown: ShownView): Child[] => {
  const { channel, y, x, value } = shown.view.neuron;
  const name = className(shown, channel);
  return [
    name ? "class " : "neuron ",
    plain("b", name || String(channel)),
    y === null ? name && ` (${channel})` : [" at ", plain("b", `(${y}, ${x})`)],
    " = ",
    plain("b", valueText(value, 4)),
  ];
};

const rankText = ({ neuron, map }: ViewInfo): string => {
  const places = map.height * map.width;
  if (places === 1) return "";
  if (Math.round(neuron.top * places) <= 1) return "strongest of this channel here";
  return `top ${percentText(neuron.top)} of this channel here`;
};

const costTitle = (network?: Network): string =>
  [
    ...(network?.differences ?? []).map(({ label, reason }) => `${label}: ${reason}`),
    ...(network?.fallbacks.length ? ["rectifiers by plain gradient:", ...network.fallbacks] : []),
  ].join("\n");

const costText = ({ milliseconds }: ViewInfo, { device, precision, differences, fallbacks }: Network): string =>
  [durationText(milliseconds), device, precision, ...(differences ?? []).map(({ label }) => label)].join(" · ") +
  (fallbacks.length > 0 ? ` · ⚠ ${fallbacks.length} without a rule` : "");

const workText = ({ outage, progress, shown, failure }: State): string => {
  if (outage === "no kernel")
    return shown ? "no kernel: showing the saved view" : "no kernel: run the cell to see pictures";
  if (progress) return progress.text;
  if (outage === "waiting") return "waiting for the kernel …";
  return shown || failure ? "" : "waiting for the first pictures …";
};
