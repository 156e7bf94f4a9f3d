/** Which network, which photograph, and the address of the place. */

import { parseAddress } from "../address";
import { element, listen, setAttribute, setHidden, setText } from "../dom";
import type { Catalog, Wanted } from "../protocol";
import type { State } from "../store";
import { Choice, type Option } from "./choice";
import type { Part, Stage } from "./stage";

const COPIED_MS = 1200;

export function header(stage: Stage): Part {
  const { store, signal } = stage;
  const models = element("select", { class: "dcs-select dcs-models", "aria-label": "network" });
  listen(models, signal, { change: () => store.ask({ model: models.value, layer: null, neuron: null }) });
  const random = element(
    "span",
    { class: "dcs-badge", title: "The weights are random: nothing here was learned." },
    "random weights",
  );
  const images = new Choice<string>("photograph", "dcs-images", (image) => store.ask({ image, neuron: null }), signal);
  const help = element(
    "button",
    { type: "button", class: "dcs-button dcs-help-button", "aria-label": "keys and help", title: "keys and help (?)" },
    "?",
  );
  listen(help, signal, { click: stage.toggleHelp });
  const place = addressField(stage);

  return {
    element: element("div", { class: "dcs-header" }, models, random, images.element, place.element, help),
    draw(state, before) {
      if (state.catalog !== before?.catalog || state.scene?.network !== before.scene?.network) {
        models.replaceChildren(...modelOptions(state));
        images.setOptions(imageOptions(state), "dcs-thumbnail");
      }
      const wanted = state.wanted ?? store.place();
      if (wanted !== null && models.value !== wanted.model) models.value = wanted.model;
      images.mark(wanted?.image ?? null);
      setHidden(random, state.scene?.network.randomWeights !== true);
      place.draw(state, before);
    },
  };
}

function modelOptions({ catalog, scene }: State): HTMLOptionElement[] {
  const known = catalog.models.some(({ name }) => name === scene?.network.model);
  const own = scene === null || known ? [] : [{ name: scene.network.model, label: scene.network.label, bundled: true }];
  return [...own, ...catalog.models].map(({ name, label, bundled }) =>
    element("option", { value: name }, bundled ? label : `${label} (download)`),
  );
}

function imageOptions({ catalog, scene }: State): Option<string>[] {
  const listed = catalog.images.map(({ name, label, thumbnail }) => ({
    value: name,
    label,
    content: element("img", { src: thumbnail, alt: "", draggable: "false" }),
  }));
  if (scene === null || catalog.images.some(({ name }) => name === scene.network.image.name)) return listed;
  const { image } = scene.network;
  const own = element("canvas", { width: 72, height: 72 });
  own.getContext("2d")?.drawImage(scene.photograph.picture, 0, 0, 72, 72);
  return [{ value: image.name, label: image.label, content: own }, ...listed];
}

function addressField({ store, signal }: Stage): Part {
  const field = element("input", {
    type: "text",
    class: "dcs-address",
    "aria-label": "address of this place",
    title: "The address of this place. Paste another one and press Enter to go there.",
    spellcheck: "false",
    autocomplete: "off",
  });
  const copy = element("button", { type: "button", class: "dcs-copy", "aria-label": "copy the address" }, "copy");
  let copied: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(copied), { once: true });

  const go = (): void => {
    const wanted = wantedAt(field.value, store.state);
    setAttribute(field, "aria-invalid", wanted === null);
    if (wanted !== null) store.ask(wanted);
    else
      store.update({ failure: `“${field.value.slice(0, 80)}” is no address: it has the form model/layer/channel@y,x` });
  };
  listen(field, signal, {
    focus: () => field.select(),
    input: () => setAttribute(field, "aria-invalid", false),
    keydown: ({ key }) => {
      if (key === "Escape") field.value = store.state.scene?.view.address ?? "";
      if (key === "Enter") go();
    },
  });
  listen(copy, signal, {
    click: async () => {
      setText(copy, (await copyText(field)) ? "copied" : "press Ctrl+C");
      clearTimeout(copied);
      copied = setTimeout(() => setText(copy, "copy"), COPIED_MS);
    },
  });

  return {
    element: element("div", { class: "dcs-address-box" }, field, copy),
    draw({ scene }, before) {
      if (scene?.view === before?.scene?.view && before !== null) return;
      field.value = scene?.view.address ?? "";
      setAttribute(field, "aria-invalid", false);
    },
  };
}

/** The place that an address names; a layer may be named by its label. */
function wantedAt(text: string, { scene, catalog }: State): Partial<Wanted> | null {
  const address = parseAddress(text);
  if (address === null) return null;
  const layer = scene?.network.layers.find(({ name, label }) => name === address.layer || label === address.layer);
  const { channel, y, x } = address;
  return {
    model: address.model,
    layer: layer?.name ?? address.layer,
    neuron: { channel, y, x },
    ...(address.image === null ? {} : { image: address.image }),
    ...(address.architectures.length === 0 ? {} : { architectures: codesOf(address.architectures, catalog) }),
  };
}

function codesOf(names: readonly string[], catalog: Catalog): string[] {
  return names.map((asked) => catalog.architectures.find(({ name }) => name === asked)?.code ?? asked);
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
