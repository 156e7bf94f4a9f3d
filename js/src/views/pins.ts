/** Pinned places: brought back by a click, removed, and two of them compared. */

import { wantedAt } from "../address";
import { button, element, setAttribute, setHidden } from "../dom";
import type { Pin } from "../protocol";
import { changed, type Part, type Stage } from "./stage";

export function pins({ store, signal }: Stage): Part {
  const list = element("ul", "dcs-pin-list");
  const pinThis = button("dcs-button dcs-pin-this", "Pin this", signal, () => {
    const address = store.state.scene?.view.address;
    const pinned = store.pinnedAddresses();
    if (address && !pinned.includes(address)) store.setPins([...pinned, address]);
  });
  const hint = element("span", "dcs-muted", "to come back to it, or to compare two");
  /** Addresses to compare, the latest last. */
  let chosen: readonly string[] = [];
  let drawn = new AbortController();

  const choose = (address: string): void => {
    chosen = chosen.includes(address) ? chosen.filter((other) => other !== address) : [...chosen, address].slice(-2);
    const [first, second] = chosen;
    store.setAside({ compare: first && second ? [first, second] : null });
  };
  const item = ({ address, title, place, thumbnails }: Pin, ended: AbortSignal): HTMLElement => {
    const bringBack = (): void => {
      const wanted = wantedAt(address, store.state);
      if (wanted) store.ask(wanted);
    };
    const remove = (): void => {
      if (chosen.includes(address)) choose(address);
      store.setPins(store.pinnedAddresses().filter((other) => other !== address));
      pinThis.focus();
    };
    const compared = button("dcs-compare", `compare ${title} ${place}`, ended, () => choose(address), "⇄");
    setAttribute(compared, "aria-pressed", String(chosen.includes(address)));
    return element(
      "li",
      { class: "dcs-pin", "data-address": address },
      button(
        "dcs-pin-back",
        `go to ${address}`,
        ended,
        bringBack,
        ...thumbnails.map((src) => element("img", { src, alt: "" })),
        element("span", {}, element("b", {}, title), element("span", "dcs-muted", place)),
      ),
      compared,
      button("dcs-unpin", `unpin ${title} ${place}`, ended, remove, "×"),
    );
  };

  return {
    element: element(
      "section",
      { class: "dcs-pins", "aria-label": "pins" },
      element("h3", {}, "Pins"),
      list,
      pinThis,
      hint,
    ),
    draw(state, before) {
      if (!changed(state, before, (one) => [one.pins, one.aside.compare, one.scene?.view.address])) return;
      if (!state.aside.compare && chosen.length === 2) chosen = [];
      const focused = [...list.querySelectorAll("button")].indexOf(document.activeElement as HTMLButtonElement);
      drawn.abort();
      drawn = new AbortController();
      const ended = AbortSignal.any([signal, drawn.signal]);
      list.replaceChildren(...state.pins.map((pin) => item(pin, ended)));
      list.querySelectorAll("button")[focused]?.focus();
      setHidden(list, state.pins.length === 0);
      setHidden(hint, state.pins.length > 1);
      const address = state.scene?.view.address;
      setAttribute(
        pinThis,
        "aria-disabled",
        state.pins.some((pin) => pin.address === address),
      );
    },
  };
}
