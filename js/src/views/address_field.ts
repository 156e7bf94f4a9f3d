/** The address of the place: to read, to copy, and to go to a pasted one. */

import { wantedAt } from "../address";
import { button, element, listen, setAttribute, setText } from "../dom";
import type { Part, Stage } from "./stage";

const COPIED_MS = 1200;

export function addressField({ store, signal }: Stage): Part {
  const field = element("input", {
    class: "dcs-address",
    "aria-label": "address of this place",
    title: "The address of this place. Paste another one and press Enter to go there.",
    spellcheck: "false",
    autocomplete: "off",
  });
  let copied: ReturnType<typeof setTimeout> | undefined;
  const copy = button("dcs-copy", "copy", signal, async () => {
    setText(copy, (await copyText(field)) ? "copied" : "press Ctrl+C");
    clearTimeout(copied);
    copied = setTimeout(setText, COPIED_MS, copy, "copy");
  });
  setAttribute(copy, "aria-label", "copy the address");
  signal.addEventListener("abort", () => clearTimeout(copied), { once: true });

  listen(field, signal, {
    focus: () => field.select(),
    input: () => setAttribute(field, "aria-invalid", false),
    keydown: ({ key }) => {
      if (key === "Escape") field.value = store.state.scene?.view.address ?? "";
      if (key !== "Enter") return;
      const wanted = wantedAt(field.value, store.state);
      setAttribute(field, "aria-invalid", wanted === null);
      if (wanted) store.ask(wanted);
      else {
        const text = field.value.slice(0, 80);
        store.update({ failure: `“${text}” is no address: it has the form model/layer/channel@y,x` });
      }
    },
  });
  return {
    element: element("div", "dcs-address-box", field, copy),
    draw({ scene }, before) {
      if (before && scene?.view === before.scene?.view) return;
      field.value = scene?.view.address ?? "";
      setAttribute(field, "aria-invalid", false);
    },
  };
}

async function copyText(field: HTMLInputElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.select(); // no clipboard in insecure contexts and some frames: leave it to the person
    return false;
  }
}
