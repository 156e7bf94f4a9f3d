/** The pictures as one PNG file, with what they are and the address to come back to; drawn in the browser. */

import { paintPicture } from "./display";
import { element, pictureOf } from "./dom";
import { type Box, cellBox, mapBox } from "./geometry";
import { valueText } from "./number_text";
import type { Scene } from "./scene";
import { pictureColumns, type ShownPicture, viewBox } from "./shown_pictures";
import type { State } from "./store";

/** About how large a picture becomes: each of its pixels a square of a whole number. */
const PICTURE_SIZE = 440;
const MOST_COLUMNS = 5;
const GAP = 24;
/** A line of text, and the room that the title and the address have above and below. */
const LINE = 32;

export interface SheetLayout {
  readonly width: number;
  readonly height: number;
  readonly magnification: number;
  /** The side of the square on which each picture lies. */
  readonly side: number;
  /** The top left corner of that square. */
  corner(column: number, row: number): readonly [left: number, top: number];
}

/** Columns of as many pictures below one another as `rows`; five columns beside one another at most, evenly many. */
export function sheetLayout(columns: number, rows: number, view: Box): SheetLayout {
  const largest = Math.max(1, view.height, view.width);
  const magnification = Math.max(1, Math.round(PICTURE_SIZE / largest));
  const side = magnification * largest;
  const across = Math.ceil(columns / Math.ceil(columns / MOST_COLUMNS));
  const blockHeight = rows * (side + LINE + GAP / 2);
  return {
    width: GAP + across * (side + GAP),
    height: 2 * (GAP + LINE) + Math.ceil(columns / across) * blockHeight,
    magnification,
    side,
    corner: (column, row) => [
      GAP + (column % across) * (side + GAP),
      GAP + LINE + Math.floor(column / across) * blockHeight + row * (side + LINE + GAP / 2),
    ],
  };
}

/** Draws what is shown in a state, the photograph first. */
export function drawSheet(state: State, scene: Scene, colour: (name: string) => string): HTMLCanvasElement {
  const columns = pictureColumns()(state, scene);
  const view = viewBox(scene, state.zoom);
  const { network, view: shown, layer } = scene;
  const layout = sheetLayout(columns.length + 1, Math.max(...columns.map(({ length }) => length)), view);
  const canvas = element("canvas", { width: layout.width, height: layout.height });
  const context = canvas.getContext("2d");
  if (context === null) return canvas;
  const write = (text: string, left: number, bottom: number, name: string, width: number, style = ""): void => {
    context.font = `${style} 20px system-ui, sans-serif`;
    context.fillStyle = colour(name);
    context.fillText(text, left, bottom, width);
  };
  const [text, muted] = ["--dcs-text", "--dcs-muted"];
  const { channel, y, x, value } = shown.neuron;
  const place = y === null ? "" : ` at (${y}, ${x})`;
  const full = layout.width - 2 * GAP;
  context.fillStyle = colour("--dcs-ground");
  context.fillRect(0, 0, layout.width, layout.height);
  context.imageSmoothingEnabled = false;
  write(
    `${network.label} · ${layer.label} · neuron ${channel}${place} = ${valueText(value, 4)}`,
    GAP,
    LINE,
    text,
    full,
    "bold",
  );
  const told = `${shown.address} · ${state.display}${state.gain === 1 ? "" : ` ×${valueText(state.gain)}`}`;
  write(told, GAP, layout.height - GAP, muted, full);

  const captioned = (left: number, top: number, name: string, range: string): void => {
    write(name, left, top + layout.side + 25, text, layout.side * 0.66, "bold");
    context.textAlign = "right";
    write(range, left + layout.side, top + layout.side + 25, muted, layout.side * 0.33);
    context.textAlign = "left";
  };
  const [left, top] = layout.corner(0, 0);
  captioned(left, top, network.image.label, "");
  drawPhotograph(context, scene, left, top, layout.side);
  columns.forEach((column, index) => {
    column.forEach((picture, row) => {
      const [left, top] = layout.corner(index + 1, row);
      captioned(left, top, picture.name, picture.range);
      context.fillStyle = "#808080";
      context.fillRect(left, top, layout.side, layout.side);
      drawPicture(context, picture, view, left, top, layout);
    });
  });
  return canvas;
}

function drawPicture(
  context: CanvasRenderingContext2D,
  { picture, window, painting }: ShownPicture,
  view: Box,
  left: number,
  top: number,
  { side, magnification }: SheetLayout,
): void {
  if (picture === null) return;
  const [width, height] = [view.width * magnification, view.height * magnification];
  const drawn = pictureOf(paintPicture(picture, window, view, painting), view.width);
  context.drawImage(drawn, left + (side - width) / 2, top + (side - height) / 2, width, height);
}

/** The photograph, with the box of the pictures and the neuron's cell. */
function drawPhotograph(
  context: CanvasRenderingContext2D,
  { network: { image }, photograph, view, layer }: Scene,
  left: number,
  top: number,
  side: number,
): void {
  const ratio = side / Math.max(image.height, image.width);
  const outline = (box: Box): void => {
    context.strokeRect(left + box.left * ratio, top + box.top * ratio, box.width * ratio, box.height * ratio);
  };
  context.imageSmoothingEnabled = true;
  context.drawImage(photograph.picture, left, top, image.width * ratio, image.height * ratio);
  context.imageSmoothingEnabled = false;
  for (const [colour, width] of [
    ["black", 4],
    ["white", 2],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    outline(view.window);
    const { y, x } = view.neuron;
    if (y !== null && x !== null) outline(cellBox({ y, x }, mapBox(layer.field, view.map, image), view.map));
  }
}

/** Hands the person the file. */
export function savePictures(state: State, colour: (name: string) => string): void {
  if (state.scene === null) return;
  const name = state.scene.view.address.replace(/[^\w.@,=-]+/g, "_");
  drawSheet(state, state.scene, colour).toBlob((blob) => {
    if (blob === null) return;
    const href = URL.createObjectURL(blob);
    element("a", { href, download: `${name}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  });
}
