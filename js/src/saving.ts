/** The pictures as one PNG file, with what they are and the address to come back to; drawn in the browser. */

import { paintPicture } from "./display";
import { element, pictureOf } from "./dom";
import type { Box } from "./geometry";
import { valueText } from "./number_text";
import type { Scene } from "./scene";
import { pictureColumns, viewBox } from "./shown_pictures";
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
  const { network, view: shown, layer, photograph } = scene;
  const { image } = network;
  const layout = sheetLayout(columns.length + 1, Math.max(...columns.map(({ length }) => length)), view);
  const { side, height, width, magnification } = layout;
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d");
  if (!context) return canvas;

  const write = (text: string, left: number, bottom: number, style: "bold" | "", most = width - 2 * GAP): void => {
    context.font = `${style} 20px system-ui, sans-serif`;
    context.fillStyle = colour(style ? "--dcs-text" : "--dcs-muted");
    context.fillText(text, left, bottom, most);
  };
  /** A picture in the middle of its square, with its name and range below. */
  const put = (
    column: number,
    row: number,
    drawn: HTMLCanvasElement | null,
    ratio: number,
    name: string,
    range = "",
  ) => {
    const [left, top] = layout.corner(column, row);
    write(name, left, top + side + 25, "bold", side * 0.66);
    context.textAlign = "right";
    write(range, left + side, top + side + 25, "", side * 0.33);
    context.textAlign = "left";
    context.fillStyle = "#808080";
    context.fillRect(left, top, side, side);
    if (!drawn) return;
    const [down, across] = [drawn.height * ratio, drawn.width * ratio];
    context.drawImage(drawn, left + (side - across) / 2, top + (side - down) / 2, across, down);
  };

  context.fillStyle = colour("--dcs-ground");
  context.fillRect(0, 0, width, height);
  const { channel, y, x, value } = shown.neuron;
  const place = y === null ? "" : ` at (${y}, ${x})`;
  write(`${network.label} · ${layer.label} · neuron ${channel}${place} = ${valueText(value, 4)}`, GAP, LINE, "bold");
  write(`${shown.address} · ${state.display} ×${valueText(state.gain)}`, GAP, height - GAP, "");
  put(0, 0, withField(photograph.picture, shown.window), side / Math.max(image.height, image.width), image.label);
  context.imageSmoothingEnabled = false;
  columns.forEach((column, index) => {
    column.forEach(({ picture, window, painting, name, range }, row) => {
      const drawn = picture && pictureOf(paintPicture(picture, window, view, painting), view.width);
      put(index + 1, row, drawn, magnification, name, range);
    });
  });
  return canvas;
}

/** The photograph with the box of the pictures. */
function withField(photograph: HTMLCanvasElement, { top, left, height, width }: Box): HTMLCanvasElement {
  const canvas = element("canvas", { height: photograph.height, width: photograph.width });
  const context = canvas.getContext("2d");
  context?.drawImage(photograph, 0, 0);
  if (context) context.strokeStyle = "#fff";
  context?.strokeRect(left + 0.5, top + 0.5, width - 1, height - 1);
  return canvas;
}

/** Hands the person the file. */
export function savePictures(state: State, colour: (name: string) => string): void {
  if (!state.scene) return;
  const name = state.scene.view.address.replace(/[^\w.@,=-]+/g, "_");
  drawSheet(state, state.scene, colour).toBlob((blob) => {
    if (!blob) return;
    const href = URL.createObjectURL(blob);
    element("a", { href, download: `${name}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  });
}
