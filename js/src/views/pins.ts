/** Pinned places: brought back by a click, removed, and two of them compared. */

import { wantedAt } from "../address";
import { h, plain, type Tree } from "../dom";
import type { Pin } from "../protocol";
import type { State } from "../state";
import type { Store } from "../store";
import type { Stage, View } from "./stage";

export const pinThis = (store: Store): void => {
  const address = store.state.scene?.view.address;
  const pinned = store.pinnedAddresses();
  if (address && !pinned.includes(address)) store.setPins([...pinned, address]);
};

export const pins = ({ store, focus }: Stage): View => {
  /** Addresses to compare, the latest last. */
  let chosen: readonly string[] = [];

  const choose = (address: string): void => {
    chosen = chosen.includes(address) ? chosen.filter((other) => other !== address) : [...chosen, address].slice(-2);
    const [first, second] = chosen;
    store.setAside({ compare: first && second ? [first, second] : null });
  };
  const item = ({ address, title, place, thumbnails }: Pin): Tree => {
    const goBack = (): void => {
      const wanted = wantedAt(address, store.state);
      if (wanted) store.ask(wanted);
    };
    const remove = (): void => {
      if (chosen.includes(address)) choose(address);
      focus();
      store.setPins(store.pinnedAddresses().filter((other) => other !== address));
    };
    return h(
      "li.pin",
      { key: address, "data-address": address },
      h(
        "button.pin-back",
        { named: `go to ${address}`, onclick: goBack },
        thumbnails.map((src) => h("img", { src, alt: "" })),
        plain("span", plain("b", title), plain("span.muted", place)),
      ),
      h(
        "button.compare",
        {
          named: `compare ${title} ${place}`,
          "aria-pressed": chosen.includes(address),
          onclick: () => choose(address),
        },
        "⇄",
      ),
      h("button.unpin", { named: `unpin ${title} ${place}`, onclick: remove }, "×"),
    );
  };

  return ({ aside, pins, scene }: State) => {
    if (!aside.compare && chosen.length === 2) chosen = [];
    return h(
      "section.pins",
      { label: "pins" },
      plain("h3", "Pins"),
      h("ul.pin-list", { hidden: pins.length === 0 }, pins.map(item)),
      h(
        "button.button.pin-this",
        {
          "aria-disabled": pins.some(({ address }) => address === scene?.view.address),
          onclick: () => pinThis(store),
        },
        "Pin this",
      ),
      h("span.muted", { hidden: pins.length > 1 }, "to come back to it, or to compare two"),
    );
  };
};
