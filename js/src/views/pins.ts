/** Pinned places, to come back to or to compare. */

import { h, plain, type Tree } from "../dom";
import { MOST_PINS, type Pin } from "../protocol/protocol";
import { requestAt } from "../store/requests";
import type { State } from "../store/state";
import type { Store } from "../store/store";
import type { Component, ViewServices } from "./component";
import { closeButton, thumbnail } from "./controls";

export const pinThis = (store: Store): void => {
  const address = store.state.shown?.view.address;
  const pinned = store.pinnedAddresses();
  if (!address || pinned.includes(address)) return;
  if (pinned.length < MOST_PINS) store.setPins([...pinned, address]);
  else store.update({ failure: `${MOST_PINS} pins are the most: remove one first` });
};

/** The pinned addresses to compare, the latest last. */
const compared = ({ panelRequest: { compare }, firstCompared, pins }: State): readonly string[] =>
  (compare ?? [firstCompared]).filter((chosen) => pins.some(({ address }) => address === chosen));

export const pins = ({ store, focus }: ViewServices): Component => {
  const choose = (address: string): void => {
    const now = compared(store.state);
    const [first, second] = now.includes(address)
      ? now.filter((other) => other !== address)
      : [...now, address].slice(-2);
    store.update({ firstCompared: (!second && first) || "" });
    store.requestPanels({ compare: first && second ? [first, second] : null });
  };
  const item = ({ address, title, place, thumbnails }: Pin, chosen: boolean): Tree => {
    const goBack = (): void => {
      const requested = requestAt(address, store.state);
      if (requested) store.ask(requested);
    };
    const remove = (): void => {
      if (chosen) choose(address);
      focus();
      store.setPins(store.pinnedAddresses().filter((other) => other !== address));
    };
    return h(
      "li.pin",
      { key: address, "data-address": address },
      h(
        "button.pin-back",
        { named: `go to ${address}`, onclick: goBack },
        thumbnails.map(thumbnail),
        plain("span", plain("b", title), plain("span.muted", place)),
      ),
      h(
        "button.compare",
        { named: `compare ${title} ${place}`, "aria-pressed": chosen, onclick: () => choose(address) },
        "⇄",
      ),
      closeButton(`unpin ${title} ${place}`, remove, "unpin"),
    );
  };

  return (state) => {
    const { pins, shown } = state;
    const chosen = compared(state);
    return h(
      "section.pins",
      { label: "pins" },
      plain("h3", "Pins"),
      h(
        "ul.pin-list",
        { hidden: pins.length === 0 },
        pins.map((pin) => item(pin, chosen.includes(pin.address))),
      ),
      h(
        "button.button.pin-this",
        { "aria-disabled": pins.some(({ address }) => address === shown?.view.address), onclick: () => pinThis(store) },
        "Pin this",
      ),
      h("span.muted", { hidden: pins.length > 1 }, "to come back to it, or to compare two"),
    );
  };
};
