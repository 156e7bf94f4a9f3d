/** One picture on a square ground, with the cursor that all pictures share and the values under it. */

import { contains, readingText, valuesAt } from "../cursor";
import { paintPicture } from "../display";
import { element, listen, pictureOf, setAttribute, setHidden, setText } from "../dom";
import type { Box, Place } from "../geometry";
import type { ShownPicture } from "../shown_pictures";
import type { Stage } from "./stage";

/** From this many screen pixels a pixel on, pixels are drawn as squares; below, squares would differ in size. */
const SQUARE_PIXELS = 2;

export interface Sheet {
  readonly element: HTMLElement;
  paint(shown: ShownPicture, view: Box): void;
  /** Puts the cursor on a pixel of the image, and returns what lies under it. */
  point(pixel: Place | null): string;
}

export function pictureSheet({ store, signal }: Stage): Sheet {
  const canvas = element("canvas", { class: "dcs-picture", role: "img" });
  const cursor = element("div", { class: "dcs-cursor", hidden: true });
  const reading = element("div", { class: "dcs-reading", hidden: true });
  const sheet = element("div", { class: "dcs-sheet" }, canvas, cursor);
  let drawn: { readonly shown: ShownPicture; readonly view: Box } | null = null;

  const point = (event: PointerEvent): void => {
    if (drawn === null) return;
    const frame = canvas.getBoundingClientRect();
    const { top, left, height, width } = drawn.view;
    const pixel = {
      y: top + Math.floor(((event.clientY - frame.top) / frame.height) * height),
      x: left + Math.floor(((event.clientX - frame.left) / frame.width) * width),
    };
    store.update({ hover: { neuron: null, pixel } });
  };
  listen(canvas, signal, {
    pointerdown: point,
    pointermove: point,
    // A finger that is lifted leaves the cursor where it was.
    pointerleave: (event) => event.pointerType !== "touch" && store.update({ hover: null }),
  });

  return {
    element: element("div", { class: "dcs-frame" }, sheet, reading),
    paint(shown, view) {
      const { picture, window, painting } = shown;
      drawn = { shown, view };
      setAttribute(canvas, shown.attribute, shown.code);
      setAttribute(canvas, "aria-label", shown.label);
      setAttribute(sheet, "data-waiting", picture === null);
      if (picture !== null) pictureOf(paintPicture(picture, window, view, painting), view.width, canvas);
      const largest = Math.max(view.height, view.width);
      sheet.style.height = `${(100 * view.height) / largest}%`;
      sheet.style.width = `${(100 * view.width) / largest}%`;
      const magnified = (canvas.clientWidth * devicePixelRatio) / view.width;
      canvas.style.imageRendering = magnified < SQUARE_PIXELS ? "auto" : "pixelated";
    },
    point(pixel) {
      const { shown, view } = drawn ?? {};
      const inside = pixel !== null && shown?.picture != null && view !== undefined && contains(view, pixel);
      setHidden(cursor, !inside);
      setHidden(reading, !inside);
      if (!inside) return "";
      const [y, x] = [pixel.y - view.top, pixel.x - view.left];
      cursor.style.cssText = `top:${(100 * y) / view.height}%;left:${(100 * x) / view.width}%;height:${100 / view.height}%;width:${100 / view.width}%`;
      const text = readingText(valuesAt(shown.picture, shown.window, pixel));
      setText(reading, text);
      setAttribute(reading, "data-above", y > view.height / 2); // away from the cursor
      return `${shown.name} ${text}`;
    },
  };
}
