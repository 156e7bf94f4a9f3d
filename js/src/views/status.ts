/** The line at the bottom: the neuron in words, what is going on or went wrong, how long it took and where. */

import { element, setHidden, setText } from "../dom";
import { durationText, percentText, valueText } from "../number_text";
import type { Network, View } from "../protocol";
import type { State } from "../store";
import type { Part } from "./stage";

export function statusLine(): Part {
  const neuron = element("span", { class: "dcs-neuron" });
  const rank = element("span", { class: "dcs-muted" });
  const sentence = element("span", { class: "dcs-sentence", role: "status" }, neuron, rank);
  const alert = element("span", { class: "dcs-alert", role: "alert", hidden: true });
  const bar = element("progress", { class: "dcs-progress", "aria-label": "progress", hidden: true });
  const work = element("span", { class: "dcs-work", role: "status" });
  const cost = element("span", { class: "dcs-cost" });

  return {
    element: element("div", { class: "dcs-status" }, sentence, alert, bar, work, cost),
    draw(state, before) {
      const { scene, failure, progress } = state;
      if (scene !== null && scene !== before?.scene) {
        neuron.replaceChildren(...neuronWords(scene.view));
        setText(rank, rankText(scene.view));
        setText(cost, costText(scene.view, scene.network));
        const { fallbacks } = scene.network;
        cost.title = fallbacks.length === 0 ? "" : `rectifiers by plain gradient:\n${fallbacks.join("\n")}`;
      }
      setText(alert, failure === null ? "" : failure);
      setHidden(alert, failure === null);
      setText(work, workText(state));
      setHidden(work, work.textContent === "");
      setHidden(bar, progress === null);
      if (progress === null || progress.fraction === null) bar.removeAttribute("value");
      else bar.value = progress.fraction;
    },
  };
}

function neuronWords({ neuron }: View): (Node | string)[] {
  const number = element("b", {}, String(neuron.channel));
  const value = element("b", {}, valueText(neuron.value, 4));
  if (neuron.y === null || neuron.x === null) return ["neuron ", number, " = ", value];
  const place = element("b", { title: "row, column" }, `(${neuron.y}, ${neuron.x})`);
  return ["neuron ", number, " at ", place, " = ", value];
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
    return scene === null ? "no kernel: run the cell to see pictures" : "no kernel: showing the saved view";
  if (progress !== null) return progress.text;
  if (silence === "waiting") return "waiting for the kernel …";
  return scene === null && failure === null ? "waiting for the first pictures …" : "";
}
