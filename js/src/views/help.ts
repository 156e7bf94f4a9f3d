/** A card with the keys and what the pictures are. */

import { h, type Tree } from "../dom";
import { KEY_HELP } from "../keys";

export function helpCard(open: boolean, close: () => void, also: Tree): Tree {
  return h(
    ".help",
    { role: "dialog", "aria-label": "keys and help", hidden: !open },
    h(
      ".title",
      {},
      h("h3", {}, "Click a place on any map"),
      h(
        "button.button",
        { named: "close this card", from: [open], paint: (button) => open && button.focus(), onclick: close },
        "×",
      ),
    ),
    h(
      "p",
      {},
      "The pictures show what the network, run backwards from that one neuron, draws at the image. They tell " +
        "where and through what the signal came, and much less what the neuron means: click others and compare.",
    ),
    h(
      ".keys",
      {},
      KEY_HELP.map(([keys, meaning]) => [
        h(
          "span.key",
          {},
          keys.split(" ").map((key) => h("kbd", {}, key)),
        ),
        h("span", {}, meaning),
      ]),
    ),
    h(
      "p",
      {},
      "A double click on a slider brings it back. Grey is zero; pictures have negative values, because no ReLU follows the last step.",
    ),
    also,
  );
}
