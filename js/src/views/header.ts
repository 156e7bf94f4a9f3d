/** Which network, which photograph, and the address of the place. */

import { button, element, listen, setHidden } from "../dom";
import type { Catalog, Network } from "../protocol";
import { remembered } from "../remembered";
import type { State } from "../store";
import { addressField } from "./address_field";
import { choice, type Option } from "./choice";
import { opening } from "./opening";
import type { Part, Stage } from "./stage";

export function header(stage: Stage): Part {
  const { store, signal } = stage;
  const models = element("select", { class: "dcs-select dcs-models", "aria-label": "network" });
  listen(models, signal, { change: () => store.ask({ model: models.value, layer: null, neuron: null }) });
  const random = element("span", "dcs-badge", "random weights");
  const images = choice<string>("photograph", "dcs-images", (image) => store.ask({ image, neuron: null }), signal);
  const place = addressField(stage);
  const offer = remembered((_catalog: Catalog, _network: Network | undefined) => {
    models.replaceChildren(...modelOptions(store.state));
    images.setOptions(imageOptions(store.state), "dcs-thumbnail");
  });

  return {
    element: element(
      "div",
      "dcs-header",
      models,
      random,
      images.element,
      opening(stage),
      place.element,
      button("dcs-button dcs-help-button", "keys and help (?)", signal, stage.toggleHelp, "?"),
    ),
    draw(state, before) {
      offer(state.catalog, state.scene?.network);
      const wanted = store.place();
      if (wanted && models.value !== wanted.model) models.value = wanted.model;
      images.mark(wanted && wanted.image);
      setHidden(random, !state.scene?.network.randomWeights);
      place.draw(state, before);
    },
  };
}

function modelOptions({ catalog, scene }: State): HTMLOptionElement[] {
  const own = scene && { name: scene.network.model, label: scene.network.label, bundled: true };
  const listed = own && !catalog.models.some(({ name }) => name === own.name) ? [own] : [];
  return [...listed, ...catalog.models].map(({ name, label, bundled }) =>
    element("option", { value: name }, bundled ? label : `${label} (download)`),
  );
}

function imageOptions({ catalog, scene }: State): Option<string>[] {
  const listed = catalog.images.map(
    ({ name, label, thumbnail }): Option<string> => ({
      value: name,
      label,
      content: element("img", { src: thumbnail, alt: "", draggable: "false" }),
    }),
  );
  const image = scene?.network.image;
  if (!image || catalog.images.some(({ name }) => name === image.name)) return listed;
  const own = element("canvas", { width: 72, height: 72 });
  own.getContext("2d")?.drawImage(scene.photograph.picture, 0, 0, 72, 72);
  return [{ value: image.name, label: image.label, content: own }, ...listed];
}
