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
  const sheet = element("div", "dcs-sheet", canvas, cursor);
  let drawn: { readonly shown: ShownPicture; readonly view: Box } | null = null;

  const point = (event: PointerEvent): void => {
    if (!drawn) return;
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
    element: element("div", "dcs-frame", sheet, reading),
    paint(shown, view) {
      const { picture, window, painting } = shown;
      drawn = { shown, view };
      setAttribute(canvas, shown.attribute, shown.code);
      setAttribute(canvas, "aria-label", shown.label);
      setAttribute(sheet, "data-waiting", !picture);
      if (picture) pictureOf(paintPicture(picture, window, view, painting), view.width, canvas);
      const largest = Math.max(view.height, view.width);
      sheet.style.height = `${(100 * view.height) / largest}%`;
      sheet.style.width = `${(100 * view.width) / largest}%`;
      cursor.style.padding = `${50 / view.width}%`; // half a pixel to each side
      const magnified = (canvas.clientWidth * devicePixelRatio) / view.width;
      canvas.style.imageRendering = magnified < SQUARE_PIXELS ? "auto" : "pixelated";
    },
    point(pixel) {
      if (!drawn) return "";
      const { shown, view } = drawn;
      const inside = pixel && shown?.picture && contains(view, pixel);
      setHidden(cursor, !inside);
      setHidden(reading, !inside);
      if (!inside) return "";
      const [y, x] = [(pixel.y - view.top) / view.height, (pixel.x - view.left) / view.width];
      cursor.style.inset = `${100 * y}% auto auto ${100 * x}%`;
      const text = readingText(valuesAt(shown.picture, shown.window, pixel));
      setText(reading, text);
      setAttribute(reading, "data-above", y > 0.5); // away from the cursor
      return `${shown.name} ${text}`;
    },
  };
}
