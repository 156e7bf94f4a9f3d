/** Which network, which photograph, and the address of the place. */

import { h, plain, type Tree } from "../dom";
import type { Photograph } from "../photograph";
import type { State } from "../state";
import { addressField } from "./address_field";
import { choice, type Option } from "./choice";
import { openingButton } from "./opening";
import { select } from "./select";
import type { Stage, View } from "./stage";

export const header = (stage: Stage, toggleHelp: () => void): View => {
  const { store } = stage;
  const address = addressField(stage);
  return (state) => {
    const place = store.place();
    return plain(
      ".header",
      select("network", "models", modelOptions(state), place?.model, (model) =>
        store.ask({ model, layer: null, neuron: null }),
      ),
      h("span.badge", { hidden: !state.scene?.network.randomWeights }, "random weights"),
      choice("photograph", "images", "thumbnail", imageOptions(state), place && place.image, (image) =>
        store.ask({ image, neuron: null }),
      ),
      openingButton(store),
      address(state),
      h("button.button.help-button", { named: "keys and help (?)", onclick: toggleHelp }, "?"),
    );
  };
};

const modelOptions = ({ catalog, scene }: State): (readonly [string, string])[] => {
  const own = scene && { name: scene.network.model, label: scene.network.label, bundled: true };
  const listed = own && !catalog.models.some(({ name }) => name === own.name) ? [own] : [];
  return [...listed, ...catalog.models].map(({ name, label, bundled }) => [
    name,
    bundled ? label : `${label} (download)`,
  ]);
};

const imageOptions = ({ catalog, scene }: State): Option<string>[] => {
  const listed = catalog.images.map(
    ({ name, label, thumbnail }): Option<string> => ({
      value: name,
      label,
      content: h("img", { src: thumbnail, alt: "" }),
    }),
  );
  const image = scene?.network.image;
  if (!image || catalog.images.some(({ name }) => name === image.name)) return listed;
  return [{ value: image.name, label: image.label, content: small(scene.photograph) }, ...listed];
};

const small = (photograph: Photograph): Tree =>
  h("canvas", {
    width: 72,
    height: 72,
    from: [photograph],
    paint: (canvas) => canvas.getContext("2d")?.drawImage(photograph.picture, 0, 0, 72, 72),
  });
