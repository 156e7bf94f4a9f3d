/** The photograph with a channel's map over it: click a place of the map, see what each neuron can see. */

import { gradient } from "../colour_maps";
import { element, listen, setAttribute, setHidden, setText } from "../dom";
import { mapBox, type Place, placeAt } from "../geometry";
import { valueText } from "../number_text";
import { isVector, mapValue, type Scene } from "../scene";
import type { State } from "../store";
import { imagePainter, type MapPicture } from "./image_painting";
import { slider } from "./slider";
import type { Part, Stage } from "./stage";

export class ImageView implements Part {
  readonly element: HTMLElement;
  readonly #stage: Stage;
  readonly #canvas = element("canvas", { tabindex: 0, role: "img" });
  readonly #over = element("span", { class: "dcs-muted" });
  readonly #field = element("span", { class: "dcs-muted", title: "what a neuron of this layer can see, in pixels" });
  readonly #lowest = element("span");
  readonly #ramp = element("span", { class: "dcs-ramp" });
  readonly #highest = element("span");
  readonly #legend = element("span", { class: "dcs-legend" }, this.#lowest, this.#ramp, this.#highest);
  readonly #share;
  readonly #paint;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#paint = imagePainter();
    this.#share = slider(
      { label: "photograph under the map", minimum: 0, maximum: 1, step: 0.02, home: 0.6 },
      (photographShare) => stage.store.update({ photographShare }),
      stage.signal,
    );
    this.element = element(
      "section",
      { class: "dcs-image", "aria-label": "image" },
      element("div", { class: "dcs-title" }, element("h3", {}, "Image"), this.#over),
      this.#canvas,
      element(
        "div",
        { class: "dcs-row" },
        element("span", {}, "map"),
        this.#share.element,
        element("span", {}, "image"),
      ),
      element("div", { class: "dcs-row" }, this.#field, this.#legend),
    );
    stage.watchSize(this.#canvas);
    listen(this.#canvas, stage.signal, {
      pointermove: (event) => this.#point(event),
      pointerleave: () => {
        stage.store.update({ hover: null });
        stage.tooltip.hide();
      },
      click: (event) => {
        const { scene } = stage.store.state;
        const channel = stage.store.markedNeuron()?.channel;
        if (scene === null || channel === undefined || isVector(scene.layer)) return;
        stage.store.ask({ neuron: { channel, ...this.#placeUnder(event, scene) } });
      },
    });
  }

  draw(state: State, before: State | null): void {
    const { scene } = state;
    if (scene === null) return;
    this.#share.set(state.photographShare);
    const read = (one: State): readonly unknown[] => [one.scene, one.hover, one.wanted, one.photographShare];
    const now = read(state);
    if (before !== null && read(before).every((value, index) => value === now[index])) return;
    this.#describe(scene, state, this.#paint(this.#canvas, state, scene, this.#stage.store.markedNeuron()));
  }

  #describe(scene: Scene, { hover }: State, map: MapPicture | null): void {
    const { channel, y, x } = scene.view.neuron;
    const pixel = hover?.neuron === null ? hover.pixel : null;
    if (pixel !== null) setText(this.#over, `pixel (${pixel.y}, ${pixel.x})`);
    else setText(this.#over, map === null ? `channel ${channel} has no map` : `channel ${map.channel} over it`);
    const size = scene.layer.field?.size.join(" × ");
    setText(this.#field, size === undefined ? "field: the whole image" : `field ${size}`);
    const place = y === null ? "" : `, neuron at row ${y}, column ${x}; arrow keys move it`;
    setAttribute(
      this.#canvas,
      "aria-label",
      `${scene.network.image.label}, under the map of channel ${channel}${place}`,
    );
    this.#share.element.disabled = map === null;
    setHidden(this.#legend, map === null);
    if (map === null) return;
    const lowest = Math.min(0, map.minimum);
    setText(this.#lowest, valueText(lowest));
    setText(this.#highest, valueText(map.maximum));
    this.#ramp.style.background = gradient(map.scale, lowest, map.maximum);
  }

  #pixelUnder(event: MouseEvent, { network: { image } }: Scene): Place {
    const frame = this.#canvas.getBoundingClientRect();
    return {
      y: ((event.clientY - frame.top) / frame.height) * image.height,
      x: ((event.clientX - frame.left) / frame.width) * image.width,
    };
  }

  #placeUnder(event: MouseEvent, scene: Scene): Place {
    const { view, layer, network } = scene;
    return placeAt(this.#pixelUnder(event, scene), mapBox(layer.field, view.map, network.image), view.map);
  }

  #point(event: PointerEvent): void {
    const { store, tooltip } = this.#stage;
    const { scene } = store.state;
    const channel = store.markedNeuron()?.channel;
    if (scene === null) return;
    const { y, x } = this.#pixelUnder(event, scene);
    const pixel = { y: Math.floor(y), x: Math.floor(x) };
    const place =
      isVector(scene.layer) || channel === undefined ? null : { channel, ...this.#placeUnder(event, scene) };
    store.update({ hover: { neuron: place, pixel } });
    if (place === null) return;
    const shown = place.channel === scene.view.neuron.channel;
    const value = shown ? ` = ${valueText(mapValue(scene, place.y, place.x))}` : "";
    tooltip.show(`(${place.y}, ${place.x})${value}`, event.clientX, event.clientY);
  }
}
