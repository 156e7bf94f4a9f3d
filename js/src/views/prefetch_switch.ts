/** A switch for computing ahead what the pointer rests on, and the telling of it. */

import { element, listen } from "../dom";
import { Prefetch } from "../prefetch";
import type { Part, Stage } from "./stage";

export function prefetchSwitch({ store, signal }: Stage): Part {
  const box = element("input", { type: "checkbox" });
  listen(box, signal, { change: () => store.setPrefetch(box.checked) });
  const prefetch = new Prefetch({
    tell: (neuron) => store.tellHover(neuron),
    allowed: () => store.state.prefetch && store.state.wanted === null && store.state.silence === "none",
  });
  signal.addEventListener("abort", () => prefetch.stop(), { once: true });
  return {
    element: element("label", { class: "dcs-switch" }, box, " compute ahead what the pointer rests on"),
    draw({ prefetch: wanted, hover }) {
      box.checked = wanted;
      prefetch.point(hover?.neuron ?? null);
    },
  };
}
