/** Draws the photograph, a map over it as light, and the receptive fields of the chosen and the pointed-at neuron. */

import { opaquePixels, pictureOf, surface } from "../../dom";
import { type ColourScale, colourScale, paintMap } from "../../pictures/colour_maps";
import { type Box, cellBox, type Extent, mapBox, type Place, receptiveField } from "../../pictures/geometry";
import type { Segmentation } from "../../protocol/panels";
import type { NeuronPlace } from "../../protocol/protocol";
import { channelExtent, type ShownView, sameNeuron, tileOf } from "../../protocol/shown_view";
import type { State } from "../../store/state";

/** A map ready to be drawn: of the chosen channel, or of the one under the pointer in the atlas. */
export interface MapPicture {
  readonly channel: number;
  readonly picture: HTMLCanvasElement;
  readonly minimum: number;
  readonly maximum: number;
  readonly scale: ColourScale;
}

/** Half the length of the cursor's lines. */
const CROSS = 12;
const DOTTED = [1.5, 3];

/** The map of one channel; that of the chosen one is finer than its tile in the atlas. */
export const mapPicture = ({ view, map, atlas }: ShownView, channel: number): MapPicture => {
  const { minima, maxima, tileWidth } = atlas.info;
  const [values, width, unit, minimum = 0, maximum = 0] =
    channel === view.neuron.channel
      ? ([map, view.map.width, view.map.scale / 32767, view.map.min, view.map.max] as const)
      : ([
          tileOf(atlas, channel),
          tileWidth,
          channelExtent(atlas.info, channel) / 127,
          minima[channel],
          maxima[channel],
        ] as const);
  const scale = colourScale(minimum, maximum);
  const pixels = opaquePixels(values.length);
  paintMap(values, unit, scale, pixels, width, 0, width);
  return { channel, picture: pictureOf(pixels, width), minimum, maximum, scale };
};

/** What a chosen neuron can see; all of the image on layers without places. */
export const chosenField = ({ layer, network }: ShownView, { y, x }: NeuronPlace): Box =>
  receptiveField(y === null ? null : layer.field, { y: y ?? 0, x: x ?? 0 }, network.image);

export const paintImage = (
  canvas: HTMLCanvasElement,
  { photographShare, hover, panels }: State,
  shown: ShownView,
  map: MapPicture | null,
  marked: NeuronPlace | null,
  support: Box,
): void => {
  const { network, view, layer, photograph } = shown;
  const { image } = network;
  const drawn = surface(canvas);
  if (!drawn) return; // not laid out yet: its size is watched
  const { context, ...frame } = drawn;
  const ratio = frame.width / image.width;
  const share = map ? photographShare : 1;
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
  if (panels.segmentation) context.drawImage(outside(panels.segmentation), 0, 0, frame.width, frame.height);
  if (map?.channel === view.neuron.channel)
    for (const [y, x] of view.stored ?? []) dot(context, cellBox({ y, x }, box, view.map));

  const mark = (place: Place, size: number, dash: readonly number[]): void => {
    outline(context, scaled(receptiveField(layer.field, place, image), ratio), frame, dash);
    outline(context, atLeast(cellBox(place, box, view.map), size), frame);
  };
  if (sameNeuron(marked, view.neuron) && support.height > 0) outline(context, scaled(support, ratio), frame, DOTTED);
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

/** What darkens the background of a segmentation, and a white line where it begins. */
const outside = ({ mask, width }: Segmentation): HTMLCanvasElement => {
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

/** A white line on a dark one, so that it shows on any photograph; kept inside the frame. */
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
