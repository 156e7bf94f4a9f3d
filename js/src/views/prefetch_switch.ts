/** A switch for computing ahead what the pointer rests on, and the telling of it. */

import { h } from "../dom";
import { Prefetch } from "../prefetch";
import type { Stage, View } from "./stage";

export function prefetchSwitch({ store, signal }: Stage): View {
  const prefetch = new Prefetch({
    tell: (neuron) => store.tellHover(neuron),
    allowed: () => store.state.prefetch && !store.state.wanted && store.state.silence === "none",
  });
  signal.addEventListener("abort", () => prefetch.stop());
  return ({ prefetch: checked, hover }) => {
    prefetch.point(hover?.neuron ?? null);
    return h(
      "label.switch",
      {},
      h("input", {
        type: "checkbox",
        checked,
        onchange: ({ currentTarget }) => store.share("prefetch", currentTarget.checked),
      }),
      " compute ahead what the pointer rests on",
    );
  };
}
