/** The cursor that all pictures share: where it is in each of them, what lies under it, and where the arrow keys move it. */

import { commandFor, type KeyPress } from "../store/keys";
import { signedText } from "../text";
import { expand } from "./companding";
import type { Picture } from "./display";
import { type Box, clamp, contains, type Place } from "./geometry";

const COLOURS = ["R", "G", "B"];
/** More channels than these leave no room to read them. */
const MOST_CHANNELS = 4;

/** The values of a picture's channels at one pixel of the image; outside its window a picture is zero. */
export const valuesAt = ({ bytes, channels, scale }: Picture, window: Box, pixel: Place): number[] => {
  const area = window.height * window.width;
  const place = (pixel.y - window.top) * window.width + pixel.x - window.left;
  const inside = contains(window, pixel);
  return Array.from({ length: channels }, (_, channel) =>
    inside ? expand(bytes[channel * area + place] ?? 0, scale) : 0,
  );
};

/** `R +0.12 G −0.3 B 0`, which breaks between channels only; a single channel needs no name, and others are numbered. */
export const readingText = (values: readonly number[]): string => {
  const named = values
    .slice(0, MOST_CHANNELS)
    .map((value, channel) =>
      values.length === 1
        ? signedText(value)
        : `${values.length === 3 ? COLOURS[channel] : `${channel}:`}\u00a0${signedText(value)}`,
    );
  return named.join(" ") + (values.length > MOST_CHANNELS ? " …" : "");
};

/** Where a key moves the cursor inside `view`, ten pixels at a time with Shift; null where the key is no arrow. */
export const movedCursor = (
  from: Place | null,
  press: KeyPress & Pick<KeyboardEvent, "shiftKey">,
  view: Box,
): Place | null => {
  const [name, rows = 0, columns = 0] = commandFor(press) ?? [];
  if (name !== "move") return null;
  const { y, x } = from ?? centre(view);
  const length = press.shiftKey ? 10 : 1;
  return {
    y: clamp(y + rows * length, view.top, view.top + view.height - 1),
    x: clamp(x + columns * length, view.left, view.left + view.width - 1),
  };
};

export const centre = ({ top, left, height, width }: Box): Place => ({
  y: top + Math.floor(height / 2),
  x: left + Math.floor(width / 2),
});
