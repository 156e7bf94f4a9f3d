/** The photograph with a channel's map over it: click a place of the map, see what each neuron can see. */

import { create, h, plain } from "../../dom";
import { memoized } from "../../memoized";
import { percentText, valueText } from "../../number_text";
import { gradient } from "../../pictures/colour_maps";
import { type Box, mapBox, type Place, placeAt, wholeBox } from "../../pictures/geometry";
import { isVector, mapValue, type ShownView, support } from "../../protocol/shown_view";
import { markedNeuron } from "../../store/requests";
import type { Component, ViewServices } from "../component";
import { slider } from "../controls/slider";
import { fieldText } from "../layer_strip";
import { pointAt, pointIn } from "../pointing";
import { chosenField, type MapPicture, mapPicture, paintImage } from "./painting";

const SHARE = { label: "photograph under the map", minimum: 0, maximum: 1, step: 0.02, home: 0.6 };

export const imageView = (services: ViewServices): Component => {
  const { store, watchSize } = services;
  const canvas = create<HTMLCanvasElement>(h("canvas", { made: watchSize }));
  const mapOf = memoized(mapPicture);
  const supportOf = memoized(support);

  const pixelUnder = (event: MouseEvent, { network: { image } }: ShownView): Place =>
    pointIn(event, canvas, wholeBox(image));

  /** The neuron of the chosen channel under the pointer; null on layers without places. */
  const neuronUnder = (event: MouseEvent, shown: ShownView): (Place & { readonly channel: number }) | null => {
    const channel = markedNeuron(store.state)?.channel;
    if (channel === undefined || isVector(shown.layer)) return null;
    const box = mapBox(shown.layer.field, shown.view.map, shown.network.image);
    return { channel, ...placeAt(pixelUnder(event, shown), box, shown.view.map) };
  };

  return (state) => {
    const { shown, hover, panels, photographShare } = state;
    const label = { label: "image" };
    if (!shown) return h("section.image", label);
    const { network, view, layer } = shown;
    const { image } = network;
    const { channel, y, x } = view.neuron;
    const map = isVector(layer) ? null : mapOf(shown, hover?.neuron?.channel ?? channel);
    const box = supportOf(shown);
    const pixel = hover?.neuron ? null : hover?.pixel;
    const over = map ? `channel ${map.channel}` : "no map";
    const place = y === null ? "" : `, neuron at row ${y}, column ${x}; arrow keys move it`;
    return h(
      "section.image",
      { ...label, "data-field": boxText(chosenField(shown, view.neuron)), "data-support": boxText(box) },
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
        "data-segmentation": panels.segmentation?.name,
        onpointermove: (event) => {
          const under = pixelUnder(event, shown);
          const neuron = neuronUnder(event, shown);
          const value = neuron?.channel === channel ? ` = ${valueText(mapValue(shown, neuron.y, neuron.x))}` : "";
          const text = neuron ? `(${neuron.y}, ${neuron.x})${value}` : "";
          pointAt(services, { neuron, pixel: { y: Math.floor(under.y), x: Math.floor(under.x) } }, text, event);
        },
        onpointerleave: () => pointAt(services, null),
        onclick: (event) => {
          const neuron = neuronUnder(event, shown);
          if (neuron) store.ask({ neuron });
        },
        from: [shown, hover, state.requested, photographShare, panels.segmentation],
        paint: () => paintImage(canvas, state, shown, map, markedNeuron(store.state), box),
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
      panels.segmentation &&
        h(
          "p.muted",
          { title: panels.segmentation.note },
          `segmentation from ${panels.segmentation.name}: ${percentText(panels.segmentation.share)} of the image`,
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
