/** The address of the place: to read, to copy, and to go to a pasted one. */

import { create, h, plain } from "../../dom";
import { requestAt } from "../../protocol/address";
import type * as protocol from "../../protocol/protocol";
import type { Component, ViewServices } from "../component";

export const addressField = ({ store, redraw }: ViewServices): Component => {
  const field = create<HTMLInputElement>(plain("input.address"));
  let copied = "copy";
  let invalid = false;
  let written: protocol.ViewInfo | undefined;
  const tell = (text: string): void => {
    copied = text;
    redraw();
  };
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(field.value);
      tell("copied");
    } catch {
      field.select(); // no clipboard in insecure contexts and some frames: leave it to the person
      tell("press Ctrl+C");
    }
  };
  const go = (text: string): void => {
    const requested = requestAt(text, store.state);
    invalid = !requested;
    if (requested) store.ask(requested);
    else store.update({ failure: `“${text.slice(0, 80)}” is no address: it has the form model/layer/channel@y,x` });
  };
  return ({ shown }) => {
    if (written !== shown?.view) {
      written = shown?.view;
      field.value = written?.address ?? "";
      invalid = false;
      copied = "copy";
    }
    return plain(
      ".address-box",
      h(field, {
        title: "paste another, press Enter",
        label: "address of this place",
        "aria-invalid": invalid || null,
        onfocus: () => field.select(),
        onkeydown: ({ key }) => {
          if (key === "Escape") field.value = written?.address ?? "";
          if (key === "Enter") go(field.value);
        },
      }),
      h("button.copy", { label: "copy the address", onclick: copy }, copied),
    );
  };
};
