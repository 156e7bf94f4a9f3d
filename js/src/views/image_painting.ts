/** Draws the photograph, a map over it as light, and the receptive fields of the chosen and the pointed-at neuron. */

import { type ColourScale, colourScale, paintMap } from "../colour_maps";
import { pictureOf, surface } from "../dom";
import { type Box, cellBox, type Extent, mapBox, type Place, receptiveField } from "../geometry";
import type { NeuronPlace } from "../protocol";
import { remembered } from "../remembered";
import { channelExtent, isVector, type Scene } from "../scene";
import type { State } from "../store";

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

/** Draws, and returns the map that was drawn; null on layers without places. */
type PaintImage = (
  canvas: HTMLCanvasElement,
  state: State,
  scene: Scene,
  marked: NeuronPlace | null,
  support: Box,
) => MapPicture | null;

export function imagePainter(): PaintImage {
  const chosenMap = remembered(chosenMapPicture);
  const atlasMap = remembered(atlasMapPicture);
  return (canvas, state, scene, marked, support) => {
    const pointed = state.hover?.neuron?.channel ?? scene.view.neuron.channel;
    const own = pointed === scene.view.neuron.channel;
    const map = isVector(scene.layer) ? null : own ? chosenMap(scene) : atlasMap(scene, pointed);
    paint(canvas, state, scene, map, marked, support);
    return map;
  };
}

/** What a chosen neuron can see; all of the image on layers without places. */
export function chosenField({ layer, network }: Scene, { y, x }: NeuronPlace): Box {
  return receptiveField(y === null ? null : layer.field, { y: y ?? 0, x: x ?? 0 }, network.image);
}

function chosenMapPicture({ map, view }: Scene): MapPicture {
  const { height, width, min, max } = view.map;
  const scale = colourScale(min, max);
  const pixels = new Uint8ClampedArray(height * width * 4);
  paintMap(map, 32767, view.map.scale, scale, pixels, width, 0, width);
  return { channel: view.neuron.channel, picture: pictureOf(pixels, width), minimum: min, maximum: max, scale };
}

function atlasMapPicture({ atlas: { info, bytes } }: Scene, channel: number): MapPicture {
  const area = info.tileHeight * info.tileWidth;
  const [minimum, maximum] = [info.minima[channel] ?? 0, info.maxima[channel] ?? 0];
  const scale = colourScale(minimum, maximum);
  const pixels = new Uint8ClampedArray(area * 4);
  const tile = bytes.subarray(channel * area, (channel + 1) * area);
  paintMap(tile, 127, channelExtent(info, channel), scale, pixels, info.tileWidth, 0, info.tileWidth);
  return { channel, picture: pictureOf(pixels, info.tileWidth), minimum, maximum, scale };
}

function paint(
  canvas: HTMLCanvasElement,
  state: State,
  scene: Scene,
  map: MapPicture | null,
  marked: NeuronPlace | null,
  support: Box,
): void {
  const { image } = scene.network;
  canvas.style.aspectRatio = `${image.width} / ${image.height}`;
  const drawn = surface(canvas);
  if (drawn === null) return; // not laid out yet: its size is watched
  const { context, ...frame } = drawn;
  const ratio = frame.width / image.width;
  const share = map === null ? 1 : state.photographShare;
  context.fillRect(0, 0, frame.width, frame.height);
  context.globalAlpha = share;
  context.imageSmoothingQuality = "high";
  context.drawImage(scene.photograph.picture, 0, 0, frame.width, frame.height);
  const box = scaled(mapBox(scene.layer.field, scene.view.map, image), ratio);
  if (map !== null) {
    // Added as light, so that a place without activation leaves the photograph as it is.
    context.globalAlpha = Math.min(1, 2 * (1 - share));
    context.globalCompositeOperation = "lighter";
    context.imageSmoothingEnabled = false;
    context.drawImage(map.picture, box.left, box.top, box.width, box.height);
    context.globalCompositeOperation = "source-over";
  }
  context.globalAlpha = 1;
  if (map?.channel === scene.view.neuron.channel)
    for (const [y, x] of scene.view.stored ?? []) dot(context, cellBox({ y, x }, box, scene.view.map));

  const mark = (place: Place, size: number, dash: readonly number[]): void => {
    outline(context, scaled(receptiveField(scene.layer.field, place, image), ratio), frame, dash);
    outline(context, atLeast(cellBox(place, box, scene.view.map), size), frame, []);
  };
  const shown = state.wanted === null || marked === scene.view.neuron;
  if (shown && support.height > 0) outline(context, scaled(support, ratio), frame, [1.5, 3]);
  if (marked !== null && marked.y !== null && marked.x !== null) mark({ y: marked.y, x: marked.x }, 8, []);
  const { hover } = state;
  if (hover?.neuron) mark(hover.neuron, 5, [4, 3]);
  else if (hover?.pixel) {
    const [top, left] = [(hover.pixel.y + 0.5) * ratio, (hover.pixel.x + 0.5) * ratio];
    outline(context, { top, left: left - CROSS, height: 0, width: 2 * CROSS }, frame, []);
    outline(context, { top: top - CROSS, left, height: 2 * CROSS, width: 0 }, frame, []);
  }
}

function scaled(box: Box, ratio: number): Box {
  return { top: box.top * ratio, left: box.left * ratio, height: box.height * ratio, width: box.width * ratio };
}

function atLeast(box: Box, size: number): Box {
  const height = Math.max(size, box.height);
  const width = Math.max(size, box.width);
  return { top: box.top - (height - box.height) / 2, left: box.left - (width - box.width) / 2, height, width };
}

/** Marks a place that can be chosen where not all can. */
function dot(context: CanvasRenderingContext2D, { top, left, height, width }: Box): void {
  context.beginPath();
  context.arc(left + width / 2, top + height / 2, 3, 0, 7);
  context.fillStyle = "white";
  context.strokeStyle = "rgb(0 0 0 / 0.6)";
  context.fill();
  context.stroke();
}

/** A white line on a dark one, so that it shows on any photograph; kept inside the frame. */
function outline(context: CanvasRenderingContext2D, box: Box, frame: Extent, dash: readonly number[]): void {
  const left = Math.max(1, box.left);
  const top = Math.max(1, box.top);
  const width = Math.min(frame.width - 1, box.left + box.width) - left;
  const height = Math.min(frame.height - 1, box.top + box.height) - top;
  for (const [colour, thickness, pattern] of [
    ["rgb(0 0 0 / 0.6)", 3.5, dash[0] === 1.5 ? dash : []],
    ["white", 1.5, dash],
  ] as const) {
    context.setLineDash([...pattern]);
    context.lineWidth = thickness;
    context.strokeStyle = colour;
    context.strokeRect(left, top, width, height);
  }
}
