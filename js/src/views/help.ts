/** A card with the keys and what the pictures are. */

import { h, type Tree } from "../dom";
import { KEY_HELP } from "../keys";

export function helpCard(open: boolean, close: () => void): Tree {
  return h(
    ".help",
    { role: "dialog", label: "keys and help", hidden: !open },
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
      "The pictures show what the network, run backwards from that one neuron, draws at the image: where and " +
        "through what its signal came, much less what it means. Click others and compare.",
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
    h("p", {}, "Grey is zero: no ReLU follows the last step. A double click brings a slider back."),
  );
}
