/** A card with the keys and what the pictures are. */

import { element, listen } from "../dom";
import { KEY_HELP } from "../keys";

export interface HelpCard {
  readonly element: HTMLElement;
  readonly open: boolean;
  toggle(): void;
  close(): void;
}

export function helpCard(focusBack: () => void, signal: AbortSignal): HelpCard {
  const dismiss = element("button", { type: "button", class: "dcs-button", "aria-label": "close this card" }, "×");
  const rows = KEY_HELP.flatMap(([keys, meaning]) => [
    element("span", { class: "dcs-key" }, ...keys.map((key) => element("kbd", {}, key))),
    element("span", {}, meaning),
  ]);
  const card = element(
    "div",
    { class: "dcs-help", role: "dialog", "aria-label": "keys and help", hidden: true },
    element("div", { class: "dcs-title" }, element("h3", {}, "Click a place on any map"), dismiss),
    element(
      "p",
      {},
      "The pictures show what the network, run backwards from that one neuron, draws at the image. They tell " +
        "where and through what the signal came, and much less what the neuron means: click others and compare.",
    ),
    element("div", { class: "dcs-keys" }, ...rows),
    element(
      "p",
      {},
      "A double click on a slider brings it back. Grey is zero; pictures have negative values, because no ReLU follows the last step.",
    ),
  );
  const close = (): void => {
    if (card.hidden) return;
    card.hidden = true;
    focusBack();
  };
  listen(dismiss, signal, { click: close });
  return {
    element: card,
    get open() {
      return !card.hidden;
    },
    toggle() {
      if (!card.hidden) return close();
      card.hidden = false;
      dismiss.focus();
    },
    close,
  };
}
