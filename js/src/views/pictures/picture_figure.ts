/** A picture on a square ground with its name and range, the shared cursor, and the values under it. */

import { type Child, h, pictureOf, plain, type Tree } from "../../dom";
import { paintPicture } from "../../pictures/display";
import { type Box, contains, type Place } from "../../pictures/geometry";
import { pointIn } from "../pointing";
import type { ShownPicture } from "./columns";
import { readingText, valuesAt } from "./cursor";

/** Pixels are drawn as squares from this many screen pixels on; below, squares would differ in size. */
const SQUARE_PIXELS = 2;

/** The values under the cursor, or null where it is outside. */
export const reading = ({ picture, window }: ShownPicture, view: Box, pixel: Place | null): string | null =>
  picture && pixel && contains(view, pixel) ? readingText(valuesAt(picture, window, pixel)) : null;

/** `point` is called with the pixel of the image under a pointer, or null. */
export const pictureFigure = (
  item: ShownPicture,
  view: Box,
  pixel: Place | null = null,
  point?: (pixel: Place | null) => void,
  ...below: Child[]
): Tree => {
  const { picture, window, painting, attribute, code } = item;
  const { top, left, height, width } = view;
  const own: Readonly<Record<`data-${string}`, string>> = { [attribute]: code };
  const text = reading(item, view, pixel);
  const [y, x] = pixel ? [(pixel.y - top) / height, (pixel.x - left) / width] : [0, 0];
  const over = (event: PointerEvent & { readonly currentTarget: HTMLElement }): void => {
    const { y, x } = pointIn(event, event.currentTarget, view);
    point?.({ y: Math.floor(y), x: Math.floor(x) });
  };
  return h(
    "figure.panel",
    { key: attribute + code },
    plain(
      ".frame",
      h(
        ".sheet",
        { style: `--dcs-ratio: ${width / height}`, "data-waiting": !picture },
        h("canvas.picture", {
          role: "img",
          label: item.label,
          ...own,
          "data-side": item.side,
          onpointerdown: over,
          onpointermove: over,
          // A finger that is lifted leaves the cursor where it was.
          onpointerleave: ({ pointerType }) => pointerType !== "touch" && point?.(null),
          from: [item],
          paint: (canvas) => {
            if (picture) pictureOf(paintPicture(picture, window, view, painting), width, canvas);
            const magnified = (canvas.clientWidth * devicePixelRatio) / width;
            canvas.style.imageRendering = magnified < SQUARE_PIXELS ? "auto" : "pixelated";
          },
        }),
        h(".cursor", {
          hidden: text === null,
          style: `padding: ${50 / width}%; inset: ${100 * y}% auto auto ${100 * x}%`, // half a pixel to each side
        }),
      ),
      h(".reading", { hidden: text === null, "data-above": y > 0.5 }, text ?? ""), // away from the cursor
    ),
    plain("figcaption", plain("strong", item.name), plain("span.number", item.range)),
    below,
  );
};
