/** The photograph with a map over it as light, and receptive fields: click a place of the map. */

import { create, h, opaquePixels, pictureOf, plain, surface } from "../dom";
import { memoized } from "../memoized";
import { type ColourScale, colourScale, gradient, paintMap } from "../pictures/colour_maps";
import {
  type Box,
  cellBox,
  type Extent,
  mapBox,
  type Place,
  placeAt,
  receptiveField,
  wholeBox,
} from "../pictures/geometry";
import type { Segmentation } from "../protocol/panels";
import { channelExtent, isVector, mapValue, type ShownView, sameNeuron, support, tileOf } from "../protocol/shown_view";
import { markedNeuron } from "../store/requests";
import type { State } from "../store/state";
import { percentText, valueText } from "../text";
import type { Component, ViewServices } from "./component";
import { slider } from "./controls";
import { fieldText } from "./layer_strip";
import { pointAt, pointIn } from "./pointing";

const SHARE = { label: "photograph under the map", min: 0, max: 1, step: 0.02, home: 0.6 };
const CROSS = 12;
const DOTTED = [1.5, 3];

export const imageView = (services: ViewServices): Component => {
  const { store, watchSize } = services;
  const canvas = create<HTMLCanvasElement>(h("canvas", { made: watchSize }));
  const mapOf = memoized(mapPicture);
  const supportOf = memoized(support);

  const pixelUnder = (event: MouseEvent, { network: { image } }: ShownView): Place =>
    pointIn(event, canvas, wholeBox(image));

  /** Null on layers without places. */
  const neuronUnder = (event: MouseEvent, shown: ShownView) => {
    const channel = markedNeuron(store.state)?.channel;
    if (channel === undefined || isVector(shown.layer)) return null;
    const box = mapBox(shown.layer.field, shown.view.map, shown.network.image);
    return { channel, ...placeAt(pixelUnder(event, shown), box, shown.view.map) };
  };

  return (state) => {
    const { shown, hover, panels, photographShare } = state;
    if (!shown) return h("section.image", { label: "image" });
    const { view, layer } = shown;
    const { image } = shown.network;
    const { channel, y, x } = view.neuron;
    const map = isVector(layer) ? null : mapOf(shown, hover?.neuron?.channel ?? channel);
    const box = supportOf(shown);
    const pixel = hover?.neuron ? null : hover?.pixel;
    const over = map ? `channel ${map.channel}` : "no map";
    const place = y === null ? "" : `, neuron at row ${y}, column ${x}; arrow keys move it`;
    return h(
      "section.image",
      { label: "image", "data-field": boxText(chosenField(shown)), "data-support": boxText(box) },
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
        paint: () => paintImage(canvas, state, shown, map, box),
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

interface MapPicture {
  readonly channel: number;
  readonly picture: HTMLCanvasElement;
  readonly minimum: number;
  readonly maximum: number;
  readonly scale: ColourScale;
}

/** The map of a channel; that of the chosen one is finer than its tile in the atlas. */
const mapPicture = ({ view, map, atlas }: ShownView, channel: number): MapPicture => {
  const { info } = atlas;
  const chosen = channel === view.neuron.channel;
  const [values, width] = chosen ? [map, view.map.width] : [tileOf(atlas, channel), info.tileWidth];
  const unit = chosen ? view.map.scale / 32767 : channelExtent(info, channel) / 127;
  const minimum = (chosen ? view.map.min : info.minima[channel]) ?? 0;
  const maximum = (chosen ? view.map.max : info.maxima[channel]) ?? 0;
  const scale = colourScale(minimum, maximum);
  const pixels = opaquePixels(values.length);
  paintMap(values, unit, scale, pixels, width, 0, width);
  return { channel, picture: pictureOf(pixels, width), minimum, maximum, scale };
};

const chosenField = ({ layer, network, view: { neuron } }: ShownView): Box =>
  receptiveField(neuron.y === null ? null : layer.field, { y: neuron.y ?? 0, x: neuron.x ?? 0 }, network.image);

const paintImage = (
  canvas: HTMLCanvasElement,
  state: State,
  { network: { image }, view, layer, photograph }: ShownView,
  map: MapPicture | null,
  supported: Box,
): void => {
  const { hover, panels } = state;
  const marked = markedNeuron(state);
  const drawn = surface(canvas);
  if (!drawn) return; // not laid out yet: its size is watched
  const { context, ...frame } = drawn;
  const ratio = frame.width / image.width;
  const share = map ? state.photographShare : 1;
  context.fillRect(0, 0, frame.width, frame.height);
  context.globalAlpha = share;
  context.imageSmoothingQuality = "high";
  context.drawImage(photograph.picture, 0, 0, frame.width, frame.height);
  const box = scaled(mapBox(layer.field, view.map, image), ratio);
  context.imageSmoothingEnabled = false;
  if (map) {
    // Added as light, so that a place without activation leaves the photograph as it is.
    context.globalAlpha = Math.min(1, 2 * (1 - share));
    context.globalCompositeOperation = "lighter";
    context.drawImage(map.picture, box.left, box.top, box.width, box.height);
    context.globalCompositeOperation = "source-over";
  }
  context.globalAlpha = 1;
  if (panels.segmentation) context.drawImage(background(panels.segmentation), 0, 0, frame.width, frame.height);
  if (map?.channel === view.neuron.channel)
    for (const [y, x] of view.stored ?? []) dot(context, cellBox({ y, x }, box, view.map));

  const mark = (place: Place, size: number, dash: readonly number[]): void => {
    outline(context, scaled(receptiveField(layer.field, place, image), ratio), frame, dash);
    outline(context, atLeast(cellBox(place, box, view.map), size), frame);
  };
  if (sameNeuron(marked, view.neuron) && supported.height > 0)
    outline(context, scaled(supported, ratio), frame, DOTTED);
  if (marked?.y != null) mark({ y: marked.y, x: marked.x ?? 0 }, 8, []);
  if (hover?.neuron) mark(hover.neuron, 5, [4, 3]);
  else if (hover?.pixel) {
    const [top, left] = [(hover.pixel.y + 0.5) * ratio, (hover.pixel.x + 0.5) * ratio];
    outline(context, { top, left: left - CROSS, height: 0, width: 2 * CROSS }, frame);
    outline(context, { top: top - CROSS, left, height: 2 * CROSS, width: 0 }, frame);
  }
};

const scaled = ({ top, left, height, width }: Box, ratio: number): Box => ({
  top: top * ratio,
  left: left * ratio,
  height: height * ratio,
  width: width * ratio,
});

const atLeast = (box: Box, size: number): Box => {
  const height = Math.max(size, box.height);
  const width = Math.max(size, box.width);
  return { top: box.top - (height - box.height) / 2, left: box.left - (width - box.width) / 2, height, width };
};

/** Darkens the background of a segmentation, with a white line at its border. */
const background = ({ mask, width }: Segmentation): HTMLCanvasElement => {
  const pixels = opaquePixels(mask.length);
  mask.forEach((inside, index) => {
    const border = inside && [-1, 1, -width, width].some((step) => !mask[index + step]);
    pixels.set(border ? [255, 255, 255, 255] : [0, 0, 0, inside ? 0 : 150], index * 4);
  });
  return pictureOf(pixels, width);
};

/** Marks a place that can be chosen where not all can. */
const dot = (context: CanvasRenderingContext2D, { top, left, height, width }: Box): void => {
  const square = [left + width / 2 - 2, top + height / 2 - 2, 4, 4] as const;
  context.fillStyle = "white";
  context.strokeStyle = "#0009";
  context.fillRect(...square);
  context.strokeRect(...square);
};

/** Draws a white line on a dark one, which shows on any photograph; kept inside the frame. */
const outline = (context: CanvasRenderingContext2D, box: Box, frame: Extent, dash: readonly number[] = []): void => {
  const left = Math.max(1, box.left);
  const top = Math.max(1, box.top);
  const width = Math.min(frame.width - 1, box.left + box.width) - left;
  const height = Math.min(frame.height - 1, box.top + box.height) - top;
  for (const [colour, thickness, pattern] of [
    ["#0009", 3.5, dash === DOTTED ? dash : []],
    ["white", 1.5, dash],
  ] as const) {
    context.setLineDash([...pattern]);
    context.lineWidth = thickness;
    context.strokeStyle = colour;
    context.strokeRect(left, top, width, height);
  }
};
