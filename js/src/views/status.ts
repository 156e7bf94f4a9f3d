/** The line at the bottom: the neuron in words, what is going on or went wrong, how long it took and where. */

import { type Child, h, plain, type Tree } from "../dom";
import { durationText, percentText, valueText } from "../number_text";
import type { Network, View as Shown } from "../protocol/protocol";
import type { Scene } from "../protocol/shown_view";
import type { State } from "../store/state";
import { className } from "./atlas/channel_list";
import { closeButton } from "./controls/elements";
import type { Stage, View } from "./component";

/** Live mode is offered where an answer takes less. */
const QUICK_MS = 40;

export const statusLine = ({ store, focus }: Stage): View => {
  return (state) => {
    const { scene, failure, progress, silence, live, asides } = state;
    const work = workText(state);
    const working = silence !== "no kernel" && progress;
    const { exemplars } = asides;
    const dismiss = (): void => {
      store.update({ failure: null });
      focus();
    };
    const toggle = (name: "live" | "prefetch", text: string, title: string, offered: boolean): Tree =>
      h(
        `label.switch.${name}`,
        { title, hidden: !offered || silence === "no kernel" },
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
        scene && [
          plain("span.neuron", neuronWords(scene)),
          plain("span.muted", rankText(scene.view)),
          exemplars &&
            plain(
              "span.muted",
              `${exemplars.share > 0 ? `top ${percentText(exemplars.share)} over` : "above all of"} ${exemplars.images.toLocaleString("en")} images`,
            ),
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
      toggle("live", "live", "look where the pointer is", live || (scene?.view.milliseconds ?? QUICK_MS) < QUICK_MS),
      toggle("prefetch", "compute ahead", "what the pointer rests on", true),
      h("span.cost", { title: costTitle(scene?.network) }, scene && costText(scene.view, scene.network)),
    );
  };
};

const neuronWords = (scene: Scene): Child[] => {
  const { channel, y, x, value } = scene.view.neuron;
  const name = className(scene, channel);
  return [
    name ? "class " : "neuron ",
    plain("b", name || String(channel)),
    y === null ? name && ` (${channel})` : [" at ", plain("b", `(${y}, ${x})`)],
    " = ",
    plain("b", valueText(value, 4)),
  ];
};

const rankText = ({ neuron, map }: Shown): string => {
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

const costText = ({ milliseconds }: Shown, { device, precision, differences, fallbacks }: Network): string =>
  [durationText(milliseconds), device, precision, ...(differences ?? []).map(({ label }) => label)].join(" · ") +
  (fallbacks.length > 0 ? ` · ⚠ ${fallbacks.length} without a rule` : "");

const workText = ({ silence, progress, scene, failure }: State): string => {
  if (silence === "no kernel")
    return scene ? "no kernel: showing the saved view" : "no kernel: run the cell to see pictures";
  if (progress) return progress.text;
  if (silence === "waiting") return "waiting for the kernel …";
  return scene || failure ? "" : "waiting for the first pictures …";
};
