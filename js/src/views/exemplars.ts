/** The images of a data set that excite the channel under view most: a click looks at the same place there. */

import { h, plain, type Tree } from "../dom";
import { valueText } from "../number_text";
import type { State } from "../state";
import type { Store } from "../store";

export const exemplarStrip = (store: Store, { aside, asides: { exemplars }, scene }: State): Tree | null => {
  const offered = scene?.network.exemplars?.includes(scene.layer.name);
  if (!aside.exemplars || !offered) return null;
  const { channel, cards = [] } = exemplars ?? {};
  return h(
    "section.exemplars",
    { label: "exemplars", "data-waiting": !exemplars },
    plain(
      ".row",
      plain("h3", "Exemplars"),
      h("span.muted", { role: "status" }, exemplars ? `the strongest, as ${exemplars.name} draws them` : "…"),
    ),
    plain(
      ".cards",
      cards.map(({ image, title, y, x, value, patch, picture }) =>
        h(
          "button.exemplar",
          {
            key: image,
            named: `${title}: ${valueText(value)}`,
            "data-image": image,
            onclick: () => store.ask({ image, neuron: { channel: channel ?? 0, y, x } }),
          },
          h("img", { src: patch, alt: "" }),
          h("img", { src: picture, alt: "" }),
          plain("span", valueText(value)),
        ),
      ),
    ),
  );
};
