/** Saves the pictures as they are drawn in one PNG file, with their names and the address of the view. */

import { hiddenCanvas } from "../../dom";
import type { State } from "../../store/state";
import { valueText } from "../../text";
import { viewBox } from "./columns";

/** The approximate side of a picture; each of its pixels becomes a square of whole pixels. */
const PICTURE_SIZE = 440;
const GAP = 24;
const LINE = 32;

/** Downloads what is drawn in `root`: the photograph, then a column for each picture. */
export const savePictures = (
  { shown, zoom, display, gain }: State,
  root: ParentNode,
  colour: (name: string) => string,
): void => {
  if (!shown) return;
  const { network, view, layer, photograph } = shown;
  const columns = [...root.querySelectorAll(".dcs-panels > div")].map(({ children }) => [...children]);
  const box = viewBox(shown, zoom);
  const largest = Math.max(box.height, box.width);
  const magnification = Math.max(1, Math.round(PICTURE_SIZE / largest));
  const side = magnification * largest;
  const [across, down] = [side + GAP, side + LINE + GAP / 2];
  const width = GAP + (columns.length + 1) * across;
  const height = 2 * (GAP + LINE) + down * Math.max(...columns.map(({ length }) => length));
  const canvas = hiddenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (!context) return;

  const write = (text: string, left: number, bottom: number, most = width - 2 * GAP): void => {
    context.font = "20px system-ui, sans-serif";
    context.fillStyle = colour("--dcs-text");
    context.fillText(text, left, bottom, most);
  };
  /** Draws a picture in the middle of its square, with a caption below. */
  const put = (column: number, row: number, picture: HTMLCanvasElement, ratio: number, caption: string): void => {
    const [left, top] = [GAP + column * across, GAP + LINE + row * down];
    write(caption, left, top + side + 25, side);
    context.fillStyle = "#808080";
    context.fillRect(left, top, side, side);
    const [high, wide] = [picture.height * ratio, picture.width * ratio];
    context.drawImage(picture, left + (side - wide) / 2, top + (side - high) / 2, wide, high);
  };

  context.fillStyle = colour("--dcs-ground");
  context.fillRect(0, 0, width, height);
  const { channel, y, x, value } = view.neuron;
  const place = y === null ? "" : ` at (${y}, ${x})`;
  write(`${network.label} · ${layer.label} · neuron ${channel}${place} = ${valueText(value, 4)}`, GAP, LINE);
  write(`${view.address} · ${display} ×${valueText(gain)}`, GAP, height - GAP);
  const { picture } = photograph;
  put(0, 0, picture, side / Math.max(picture.height, picture.width), network.image.label);
  context.imageSmoothingEnabled = false;
  columns.forEach((figures, column) => {
    figures.forEach((figure, row) => {
      const drawn = figure.querySelector("canvas");
      const caption = [...figure.querySelectorAll("figcaption > *")].map(({ textContent }) => textContent);
      if (drawn) put(column + 1, row, drawn, magnification, caption.join("  "));
    });
  });
  canvas.toBlob((blob) => {
    if (!blob) return;
    const href = URL.createObjectURL(blob);
    const download = `${view.address.replace(/[^\w.@,=-]+/g, "_")}.png`;
    Object.assign(document.createElement("a"), { href, download }).click();
    setTimeout(() => URL.revokeObjectURL(href), 10_000);
  });
};
