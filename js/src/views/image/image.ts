/** The photograph with a channel's map over it: click a place of the map, see what each neuron can see. */

import { gradient } from "../../pictures/colour_maps";
import { create, h, plain } from "../../dom";
import { type Box, mapBox, type Place, placeAt, wholeBox } from "../../pictures/geometry";
import { percentText, valueText } from "../../number_text";
import { markedNeuron } from "../../store/requests";
import { remembered } from "../../memoized";
import { isVector, mapValue, type Scene, support } from "../../protocol/shown_view";
import { chosenField, type MapPicture, mapPicture, paintImage } from "./painting";
import { fieldText } from "../layer_strip";
import { pointAt, pointIn } from "../pointing";
import { slider } from "../controls/slider";
import type { Stage, View } from "../component";

const SHARE = { label: "photograph under the map", minimum: 0, maximum: 1, step: 0.02, home: 0.6 };

export const imageView = (stage: Stage): View => {
  const { store, watchSize } = stage;
  const canvas = create<HTMLCanvasElement>(h("canvas", { made: watchSize }));
  const mapOf = remembered(mapPicture);
  const supportOf = remembered(support);

  const pixelUnder = (event: MouseEvent, { network: { image } }: Scene): Place =>
    pointIn(event, canvas, wholeBox(image));

  /** The neuron of the chosen channel under the pointer; null on layers without places. */
  const neuronUnder = (event: MouseEvent, scene: Scene): (Place & { readonly channel: number }) | null => {
    const channel = markedNeuron(store.state)?.channel;
    if (channel === undefined || isVector(scene.layer)) return null;
    const box = mapBox(scene.layer.field, scene.view.map, scene.network.image);
    return { channel, ...placeAt(pixelUnder(event, scene), box, scene.view.map) };
  };

  return (state) => {
    const { scene, hover, asides, photographShare } = state;
    const label = { label: "image" };
    if (!scene) return h("section.image", label);
    const { network, view, layer } = scene;
    const { image } = network;
    const { channel, y, x } = view.neuron;
    const map = isVector(layer) ? null : mapOf(scene, hover?.neuron?.channel ?? channel);
    const box = supportOf(scene);
    const pixel = hover?.neuron ? null : hover?.pixel;
    const over = map ? `channel ${map.channel}` : "no map";
    const place = y === null ? "" : `, neuron at row ${y}, column ${x}; arrow keys move it`;
    return h(
      "section.image",
      { ...label, "data-field": boxText(chosenField(scene, view.neuron)), "data-support": boxText(box) },
      plain(
        ".title",
        h("h3", { title: image.label }, image.label),
        plain("span.muted", pixel ? `pixel (${pixel.y}, ${pixel.x})` : over),
      ),
      image.note && plain("p.muted.note", image.note),
      h(canvas, {
        style: `aspect-ratio: ${image.width} / ${image.height}`,
        tabIndex: 0,
        role: "application",
        label: `${image.label}, under the map of channel ${channel}${place}`,
        "data-segmentation": asides.segmentation?.name,
        onpointermove: (event) => {
          const under = pixelUnder(event, scene);
          const neuron = neuronUnder(event, scene);
          const value = neuron?.channel === channel ? ` = ${valueText(mapValue(scene, neuron.y, neuron.x))}` : "";
          const text = neuron ? `(${neuron.y}, ${neuron.x})${value}` : "";
          pointAt(stage, { neuron, pixel: { y: Math.floor(under.y), x: Math.floor(under.x) } }, text, event);
        },
        onpointerleave: () => pointAt(stage, null),
        onclick: (event) => {
          const neuron = neuronUnder(event, scene);
          if (neuron) store.ask({ neuron });
        },
        from: [scene, hover, state.wanted, photographShare, asides.segmentation],
        paint: () => paintImage(canvas, state, scene, map, markedNeuron(store.state), box),
      }),
      map &&
        plain(
          ".row",
          "map",
          slider(SHARE, photographShare, percentText(photographShare), (share) =>
            store.update({ photographShare: share }),
          ),
          "image",
        ),
      plain(
        ".row",
        plain(
          "span.fields",
          h("span.outlined", { title: "what a neuron here can see" }, fieldText(layer)),
          h("span.dotted", { title: "where the pictures are not zero" }, `support ${box.height} × ${box.width}`),
        ),
        map && legend(map),
      ),
      asides.segmentation &&
        h(
          "p.muted",
          { title: asides.segmentation.note },
          `segmentation from ${asides.segmentation.name}: ${percentText(asides.segmentation.share)} of the image`,
        ),
    );
  };
};

const legend = ({ minimum, maximum, scale }: MapPicture) => {
  const low = Math.min(0, minimum);
  return plain(
    "span.legend",
    plain("span", valueText(low)),
    h("span.ramp", { style: `background: ${gradient(scale, low, maximum)}` }),
    plain("span", valueText(maximum)),
  );
};

const boxText = ({ top, left, height, width }: Box): string => [top, left, height, width].join();
