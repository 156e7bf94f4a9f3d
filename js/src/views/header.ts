/** The network, the photograph, and the address. */

import { create, h, plain } from "../dom";
import type { ViewInfo } from "../protocol/protocol";
import { latestRequest, requestAt } from "../store/requests";
import type { Component, ViewServices } from "./component";
import { choice, listOf, thumbnail } from "./controls";
import { openButton } from "./uploads";

export const header = (services: ViewServices, toggleHelp: () => void): Component => {
  const { store } = services;
  const address = addressField(services);
  const networks = listOf(services);
  return (state) => {
    const { models, images } = state.catalog;
    const place = latestRequest(state);
    return plain(
      ".header",
      networks(
        "network",
        "models",
        models.map(({ name, label, bundled }) => [name, bundled ? label : `${label} (download)`]),
        place?.model,
        (model) => store.ask({ model, layer: null, neuron: null }),
      ),
      h("span.badge", { hidden: !state.shown?.network.randomWeights }, "random weights"),
      choice(
        "photograph",
        "images",
        "thumbnail",
        images.map(({ name, label, thumbnail: src }) => ({ value: name, label, content: thumbnail(src) })),
        place?.image ?? null,
        (image) => store.ask({ image, neuron: null }),
      ),
      openButton(store),
      address(state),
      h("button.button.help-button", { named: "keys and help (?)", onclick: toggleHelp }, "?"),
    );
  };
};

const addressField = ({ store, redraw }: ViewServices): Component => {
  const field = create<HTMLInputElement>(plain("input.address"));
  let copied = "copy";
  let invalid = false;
  let view: ViewInfo | undefined;
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(field.value);
      copied = "copied";
    } catch {
      field.select(); // there is no clipboard in insecure contexts and some frames
      copied = "press Ctrl+C";
    }
    redraw();
  };
  const go = (text: string): void => {
    const request = requestAt(text, store.state);
    invalid = !request;
    if (request) store.ask(request);
    else store.update({ failure: `“${text.slice(0, 80)}” is no address: it has the form model/layer/channel@y,x` });
  };
  return ({ shown }) => {
    if (view !== shown?.view) {
      view = shown?.view;
      field.value = view?.address ?? "";
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
          if (key === "Escape") field.value = view?.address ?? "";
          if (key === "Enter") go(field.value);
        },
      }),
      h("button.copy", { label: "copy the address", onclick: copy }, copied),
    );
  };
};
