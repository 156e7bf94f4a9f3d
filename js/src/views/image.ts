/** The photograph with a channel's map over it: click a place of the map, see what each neuron can see. */

import { gradient } from "../colour_maps";
import { element, listen, setAttribute, setHidden, setText } from "../dom";
import { type Box, mapBox, type Place, placeAt } from "../geometry";
import { valueText } from "../number_text";
import { remembered } from "../remembered";
import { isVector, mapValue, type Scene, support } from "../scene";
import type { State } from "../store";
import { chosenField, imagePainter, type MapPicture } from "./image_painting";
import { fieldText } from "./layer_strip";
import { pointAt } from "./pointing";
import { slider } from "./slider";
import { changed, type Part, type Stage } from "./stage";

export function imageView({ store, signal, tooltip, watchSize }: Stage): Part {
  const canvas = element("canvas", { tabindex: 0, role: "application", "aria-roledescription": "activation map" });
  const title = element("b");
  const over = element("span", "dcs-muted");
  const field = element("span", { class: "dcs-outlined", title: "what a neuron of this layer can see, in pixels" });
  const measured = element("span", { class: "dcs-dotted", title: "where the pictures are not zero, in pixels" });
  const [lowest, ramp, highest] = [element("span"), element("span", "dcs-ramp"), element("span")];
  const legend = element("span", "dcs-legend", lowest, ramp, highest);
  const paint = imagePainter();
  const supportOf = remembered((scene: Scene) => support(scene));
  const share = slider(
    { label: "photograph under the map", minimum: 0, maximum: 1, step: 0.02, home: 0.6 },
    (photographShare) => store.update({ photographShare }),
    signal,
  );
  const section = element(
    "section",
    { class: "dcs-image", "aria-label": "image" },
    element("div", "dcs-title", element("h3", {}, title), over),
    canvas,
    element("div", "dcs-row", "map", share.element, "image"),
    element("div", "dcs-row", element("span", "dcs-fields", field, measured), legend),
  );

  const describe = (scene: Scene, { hover }: State, box: Box, map: MapPicture | null): void => {
    const { channel, y, x } = scene.view.neuron;
    const pixel = hover?.neuron ? null : hover?.pixel;
    setText(title, scene.network.image.label);
    if (pixel) setText(over, `pixel (${pixel.y}, ${pixel.x})`);
    else setText(over, map ? `channel ${map.channel} over it` : "no map");
    setText(field, fieldText(scene.layer));
    setText(measured, `support ${box.height} × ${box.width}`);
    setAttribute(section, "data-field", boxText(chosenField(scene, scene.view.neuron)));
    setAttribute(section, "data-support", boxText(box));
    const place = y === null ? "" : `, neuron at row ${y}, column ${x}; arrow keys move it`;
    setAttribute(canvas, "aria-label", `${scene.network.image.label}, under the map of channel ${channel}${place}`);
    share.element.disabled = !map;
    setHidden(legend, !map);
    if (!map) return;
    const low = Math.min(0, map.minimum);
    setText(lowest, valueText(low));
    setText(highest, valueText(map.maximum));
    ramp.style.background = gradient(map.scale, low, map.maximum);
  };

  const pixelUnder = (event: MouseEvent, { network: { image } }: Scene): Place => {
    const frame = canvas.getBoundingClientRect();
    return {
      y: ((event.clientY - frame.top) / frame.height) * image.height,
      x: ((event.clientX - frame.left) / frame.width) * image.width,
    };
  };

  /** The neuron of the chosen channel under the pointer; null on layers without places. */
  const neuronUnder = (event: MouseEvent, scene: Scene): (Place & { readonly channel: number }) | null => {
    const channel = store.markedNeuron()?.channel;
    if (channel === undefined || isVector(scene.layer)) return null;
    const box = mapBox(scene.layer.field, scene.view.map, scene.network.image);
    return { channel, ...placeAt(pixelUnder(event, scene), box, scene.view.map) };
  };

  watchSize(canvas);
  listen(canvas, signal, {
    pointermove: (event) => {
      const { scene } = store.state;
      if (!scene) return;
      const { y, x } = pixelUnder(event, scene);
      const neuron = neuronUnder(event, scene);
      pointAt(store, { neuron, pixel: { y: Math.floor(y), x: Math.floor(x) } });
      if (!neuron) return;
      const shown = neuron.channel === scene.view.neuron.channel;
      const value = shown ? ` = ${valueText(mapValue(scene, neuron.y, neuron.x))}` : "";
      tooltip.show(`(${neuron.y}, ${neuron.x})${value}`, event.clientX, event.clientY);
    },
    pointerleave: () => {
      store.update({ hover: null });
      tooltip.hide();
    },
    click: (event) => {
      const { scene } = store.state;
      const neuron = scene && neuronUnder(event, scene);
      if (neuron) store.ask({ neuron });
    },
  });

  return {
    element: section,
    draw(state, before) {
      const { scene } = state;
      if (!scene || !changed(state, before, (one) => [one.scene, one.hover, one.wanted, one.photographShare])) return;
      share.set(state.photographShare);
      const box = supportOf(scene);
      describe(scene, state, box, paint(canvas, state, scene, store.markedNeuron(), box));
    },
  };
}

function boxText({ top, left, height, width }: Box): string {
  return [top, left, height, width].join();
}
