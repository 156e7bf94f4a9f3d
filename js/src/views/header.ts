/** Which network, which photograph, and the address of the place. */

import { h, plain } from "../dom";
import { latestPlace } from "../store/requests";
import type { State } from "../store/state";
import type { Component, ViewServices } from "./component";
import { addressField } from "./controls/address_field";
import { choice, type Option } from "./controls/choice";
import { thumbnail } from "./controls/elements";
import { listOf } from "./controls/select";
import { openButton } from "./controls/uploads";

export const header = (services: ViewServices, toggleHelp: () => void): Component => {
  const { store } = services;
  const address = addressField(services);
  const networks = listOf(services);
  return (state) => {
    const place = latestPlace(store.state);
    return plain(
      ".header",
      networks("network", "models", modelOptions(state), place?.model, (model) =>
        store.ask({ model, layer: null, neuron: null }),
      ),
      h("span.badge", { hidden: !state.shown?.network.randomWeights }, "random weights"),
      choice("photograph", "images", "thumbnail", imageOptions(state), place && place.image, (image) =>
        store.ask({ image, neuron: null }),
      ),
      openButton(store),
      address(state),
      h("button.button.help-button", { named: "keys and help (?)", onclick: toggleHelp }, "?"),
    );
  };
};

const modelOptions = ({ catalog }: State): (readonly [string, string])[] =>
  catalog.models.map(({ name, label, bundled }) => [name, bundled ? label : `${label} (download)`]);

const imageOptions = ({ catalog }: State): Option<string>[] =>
  catalog.images.map(({ name, label, thumbnail: src }) => ({ value: name, label, content: thumbnail(src) }));
