/** The photograph with the chosen channel's map over it, and the receptive fields of the chosen and the pointed-at neuron. */

import { type ColourScale, colourScale, gradient, paintMap } from "../colour_maps";
import { element, pictureOf, setHidden, setText, surface } from "../dom";
import { type Box, cellBox, type Extent, mapBox, type Place, placeAt, receptiveField } from "../geometry";
import { valueText } from "../number_text";
import { remembered } from "../remembered";
import { channelExtent, isVector, mapValue, type Scene } from "../scene";
import type { State } from "../store";
import { slider } from "./slider";
import type { Part, Stage } from "./stage";

/** A map ready to be drawn: of the chosen channel, or of the one under the pointer in the atlas. */
interface MapPicture {
  readonly channel: number;
  readonly picture: HTMLCanvasElement;
  readonly minimum: number;
  readonly maximum: number;
  readonly scale: ColourScale;
}

export function imageView(stage: Stage): Part {
  const { store, signal, tooltip } = stage;
  const canvas = element("canvas", { class: "dcs-canvas", tabindex: 0, role: "img" });
  const over = element("span", { class: "dcs-muted" });
  const field = element("span", { class: "dcs-muted" });
  const lowest = element("span");
  const ramp = element("span", { class: "dcs-ramp" });
  const highest = element("span");
  const legend = element(
    "span",
    { class: "dcs-legend", title: "the map's colours, from its smallest to its largest value" },
    lowest,
    ramp,
    highest,
  );
  const share = slider(
    { label: "photograph under the map", minimum: 0, maximum: 1, step: 0.02, home: 0.6 },
    (photographShare) => store.update({ photographShare }),
    signal,
  );
  const chosenMap = remembered(chosenMapPicture);
  const atlasMap = remembered(atlasMapPicture);

  const placeUnder = (event: PointerEvent | MouseEvent): { place: Place; pixel: Place; scene: Scene } | null => {
    const { scene } = store.state;
    if (scene === null) return null;
    const frame = canvas.getBoundingClientRect();
    const { image } = scene.network;
    const pixel = {
      y: ((event.clientY - frame.top) / frame.height) * image.height,
      x: ((event.clientX - frame.left) / frame.width) * image.width,
    };
    return { place: placeAt(pixel, mapBox(scene.layer.field, scene.view.map, image), scene.view.map), pixel, scene };
  };

  canvas.addEventListener(
    "pointermove",
    (event) => {
      const under = placeUnder(event);
      const channel = store.markedNeuron()?.channel;
      if (under === null) return;
      const { place, scene } = under;
      const pixel = { y: Math.floor(under.pixel.y), x: Math.floor(under.pixel.x) };
      if (isVector(scene.layer) || channel === undefined) {
        store.update({ hover: { neuron: null, pixel } });
        return;
      }
      store.update({ hover: { neuron: { channel, ...place }, pixel } });
      const value = channel === scene.view.neuron.channel ? ` = ${valueText(mapValue(scene, place.y, place.x))}` : "";
      tooltip.show(`(${place.y}, ${place.x})${value}`, event.clientX, event.clientY);
    },
    { signal },
  );
  canvas.addEventListener(
    "pointerleave",
    () => {
      store.update({ hover: null });
      tooltip.hide();
    },
    { signal },
  );
  canvas.addEventListener(
    "click",
    (event) => {
      const under = placeUnder(event);
      const channel = store.markedNeuron()?.channel;
      if (under === null || channel === undefined || isVector(under.scene.layer)) return;
      store.ask({ neuron: { channel, ...under.place } });
    },
    { signal },
  );
  stage.watchSize(canvas);

  return {
    element: element(
      "section",
      { class: "dcs-image", "aria-label": "image" },
      element("div", { class: "dcs-title" }, element("h3", {}, "Image"), over),
      canvas,
      element("div", { class: "dcs-share" }, element("span", {}, "map"), share.element, element("span", {}, "image")),
      element("div", { class: "dcs-row" }, field, legend),
    ),
    draw(state, before) {
      const { scene, hover } = state;
      if (scene === null) return;
      share.set(state.photographShare);
      const unchanged =
        before !== null &&
        scene === before.scene &&
        hover === before.hover &&
        state.wanted === before.wanted &&
        state.photographShare === before.photographShare;
      if (unchanged) return;
      const vector = isVector(scene.layer);
      const pointed = hover?.neuron ?? null;
      const preview = pointed !== null && pointed.channel !== scene.view.neuron.channel && !vector;
      const map = vector ? null : preview ? atlasMap(scene, pointed.channel) : chosenMap(scene);
      paint(stage, canvas, state, scene, map);
      describe(scene, map);
    },
  };

  function describe(scene: Scene, map: MapPicture | null): void {
    setText(over, map === null ? `channel ${scene.view.neuron.channel} has no map` : `channel ${map.channel} over it`);
    const size = scene.layer.field?.size;
    const { height, width } = scene.network.image;
    setText(field, size === undefined ? `field: whole image, ${height} × ${width}` : `field ${size[0]} × ${size[1]}`);
    setHidden(legend, map === null);
    const { y, x } = scene.view.neuron;
    const place = y === null ? "" : `, neuron at row ${y}, column ${x}; arrow keys move it`;
    canvas.setAttribute(
      "aria-label",
      `${scene.network.image.label} with the map of channel ${scene.view.neuron.channel}${place}`,
    );
    if (map === null) return;
    const low = Math.min(0, map.minimum);
    setText(lowest, valueText(low));
    setText(highest, valueText(map.maximum));
    ramp.style.background = gradient(map.scale, low, map.maximum);
  }
}

function chosenMapPicture(scene: Scene): MapPicture {
  const { height, width, min, max, scale: extent } = scene.view.map;
  const scale = colourScale(min, max);
  const pixels = new Uint8ClampedArray(height * width * 4);
  paintMap(scene.map, 32767, extent, scale, pixels, width, 0, width);
  return { channel: scene.view.neuron.channel, picture: pictureOf(pixels, width), minimum: min, maximum: max, scale };
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

function paint(stage: Stage, canvas: HTMLCanvasElement, state: State, scene: Scene, map: MapPicture | null): void {
  const { image } = scene.network;
  canvas.style.aspectRatio = `${image.width} / ${image.height}`;
  const width = canvas.clientWidth;
  const height = (width * image.height) / image.width;
  if (width === 0) return;
  const context = surface(canvas, width, height);
  if (context === null) return;
  const ratio = width / image.width;
  const share = map === null ? 1 : state.photographShare;
  context.fillStyle = "black";
  context.fillRect(0, 0, width, height);
  context.globalAlpha = share;
  context.imageSmoothingQuality = "high";
  context.drawImage(scene.photograph.picture, 0, 0, width, height);
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
  drawMarkers(context, stage, state, scene, ratio, box, { height, width });
}

function drawMarkers(
  context: CanvasRenderingContext2D,
  stage: Stage,
  state: State,
  scene: Scene,
  ratio: number,
  map: Box,
  frame: Extent,
): void {
  const { field } = scene.layer;
  const { image } = scene.network;
  const fieldBox = (place: Place): Box => scaled(receptiveField(field, place, image), ratio);
  const marked = stage.store.markedNeuron();
  if (marked !== null && marked.y !== null && marked.x !== null) {
    const place = { y: marked.y, x: marked.x };
    outline(context, fieldBox(place), frame, "white", []);
    outline(context, atLeast(cellBox(place, map, scene.view.map), 7), frame, stage.colour("--dcs-marker"), []);
  }
  const pointed = state.hover?.neuron;
  if (pointed !== null && pointed !== undefined) {
    outline(context, fieldBox(pointed), frame, "white", [4, 3]);
    outline(context, atLeast(cellBox(pointed, map, scene.view.map), 5), frame, "white", []);
  } else if (state.hover?.pixel) {
    const { y, x } = state.hover.pixel;
    outline(context, atLeast(scaled({ top: y, left: x, height: 1, width: 1 }, ratio), 7), frame, "white", []);
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

/** A light line on a dark one, so that it shows on any photograph; kept inside the frame. */
function outline(
  context: CanvasRenderingContext2D,
  box: Box,
  frame: Extent,
  colour: string,
  dash: readonly number[],
): void {
  const left = Math.max(1, box.left);
  const top = Math.max(1, box.top);
  const width = Math.min(frame.width - 1, box.left + box.width) - left;
  const height = Math.min(frame.height - 1, box.top + box.height) - top;
  context.setLineDash([]);
  context.lineWidth = 3;
  context.strokeStyle = "rgb(0 0 0 / 0.45)";
  context.strokeRect(left, top, width, height);
  context.setLineDash([...dash]);
  context.lineWidth = 1.5;
  context.strokeStyle = colour;
  context.strokeRect(left, top, width, height);
  context.setLineDash([]);
}
