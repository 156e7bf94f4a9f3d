/** A card with the keys and what the pictures are. */

import { h, plain, type Tree } from "../dom";
import { KEY_HELP } from "../store/keys";
import { closeButton } from "./controls";

export const helpCard = (open: boolean, close: () => void): Tree =>
  h(
    ".help",
    {
      role: "dialog",
      label: "keys and help",
      hidden: !open,
      from: [open],
      paint: (card) => open && card.querySelector("button")?.focus(),
    },
    plain(".title", plain("h3", "Click a place on any map"), closeButton("close this card", close)),
    plain(
      "p",
      "The pictures show what the network, run backwards from that one neuron, draws at the image: where its signal " +
        "came from, much less what it means. Click others and compare.",
    ),
    plain(
      ".keys",
      KEY_HELP.map(([keys, meaning]) => {
        const caps = keys.split(" ").map((key) => plain("kbd", key));
        return [plain("span.key", caps), plain("span", meaning)];
      }),
    ),
    plain("p", "Grey is zero: no ReLU follows the last step. A double click brings a slider back."),
  );
