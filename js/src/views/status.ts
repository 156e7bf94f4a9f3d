/** The line at the bottom: the neuron in words, what is going on or went wrong, how long it took and where. */

import { button, element, listen, setHidden, setText } from "../dom";
import { durationText, percentText, valueText } from "../number_text";
import type { Network, View } from "../protocol";
import type { Scene } from "../scene";
import type { State } from "../store";
import { className } from "./channel_list";
import type { Part, Stage } from "./stage";

/** Live mode is offered once an answer takes less. */
const QUICK_MS = 40;

export function statusLine({ store, signal, root }: Stage): Part {
  const neuron = element("span", "dcs-neuron");
  const rank = element("span", "dcs-muted");
  const sentence = element("span", { class: "dcs-sentence", role: "status" }, neuron, rank);
  const alert = element("span", { class: "dcs-alert", role: "alert" });
  const dismiss = button(
    "dcs-dismiss",
    "dismiss",
    signal,
    () => {
      store.update({ failure: null });
      root.focus({ preventScroll: true });
    },
    "×",
  );
  const failed = element("span", "dcs-failure", alert, dismiss);
  const bar = element("progress", { class: "dcs-progress", "aria-label": "progress" });
  const work = element("span", { class: "dcs-work", role: "status" });
  const cancel = button("dcs-button dcs-cancel", "Cancel", signal, () => store.cancel());
  const box = element("input", { type: "checkbox" });
  listen(box, signal, { change: () => store.setLive(box.checked) });
  const live = element(
    "label",
    { class: "dcs-switch dcs-live", title: "look at what the pointer is over" },
    box,
    "live",
  );
  const cost = element("span", "dcs-cost");
  let quick = false;

  return {
    element: element("div", "dcs-status", sentence, failed, bar, work, cancel, live, cost),
    draw(state, before) {
      const { scene, failure, progress, silence } = state;
      if (scene && scene !== before?.scene) {
        neuron.replaceChildren(...neuronWords(scene));
        setText(rank, rankText(scene.view));
        setText(cost, costText(scene.view, scene.network));
        const { fallbacks } = scene.network;
        cost.title = fallbacks.length === 0 ? "" : `rectifiers by plain gradient:\n${fallbacks.join("\n")}`;
        quick ||= scene.view.milliseconds < QUICK_MS;
      }
      setText(alert, failure ?? "");
      setHidden(failed, !failure);
      setHidden(alert, !failure);
      const text = workText(state);
      setText(work, text);
      setHidden(work, !text);
      const working = progress !== null && silence !== "no kernel";
      setHidden(bar, !working);
      setHidden(cancel, !(working && progress.cancellable));
      if (progress?.fraction == null) bar.removeAttribute("value");
      else bar.value = progress.fraction;
      setHidden(live, !(quick || state.live) || silence === "no kernel");
      box.checked = state.live;
    },
  };
}

function neuronWords(scene: Scene): (Node | string)[] {
  const { channel, y, x, value } = scene.view.neuron;
  const name = className(scene, channel);
  const number = element("b", {}, name || String(channel));
  const what = name ? "class " : "neuron ";
  const amount = element("b", {}, valueText(value, 4));
  if (y === null) return [what, number, name ? ` (${channel}) = ` : " = ", amount];
  return [what, number, " at ", element("b", { title: "row, column" }, `(${y}, ${x})`), " = ", amount];
}

function rankText({ neuron, map }: View): string {
  const places = map.height * map.width;
  if (places === 1) return "";
  if (Math.round(neuron.top * places) <= 1) return "strongest of this channel here";
  return `top ${percentText(neuron.top)} of this channel here`;
}

function costText({ milliseconds }: View, { device, precision, fallbacks }: Network): string {
  const parts = [durationText(milliseconds), device, precision];
  if (fallbacks.length > 0) parts.push(`⚠ ${fallbacks.length} without a rule`);
  return parts.join(" · ");
}

function workText({ silence, progress, scene, failure }: State): string {
  if (silence === "no kernel")
    return scene ? "no kernel: showing the saved view" : "no kernel: run the cell to see pictures";
  if (progress) return progress.text;
  if (silence === "waiting") return "waiting for the kernel …";
  return scene || failure ? "" : "waiting for the first pictures …";
}
