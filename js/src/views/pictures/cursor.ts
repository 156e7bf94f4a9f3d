/** The cursor that all pictures share: the values under it, and where the arrow keys move it. */

import { expand } from "../../pictures/companding";
import type { Picture } from "../../pictures/display";
import { type Box, clamp, contains, type Place } from "../../pictures/geometry";
import { commandFor, type KeyPress } from "../../store/keys";
import { signedText } from "../../text";

const COLOURS = ["R", "G", "B"];
/** The values of more channels are left out. */
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

/** The values as `R +0.12 G −0.3 B 0`, which breaks between channels only; one channel has no name. */
export const readingText = (values: readonly number[]): string => {
  const named = values.slice(0, MOST_CHANNELS).map((value, channel) => {
    if (values.length === 1) return signedText(value);
    return `${values.length === 3 ? COLOURS[channel] : `${channel}:`}\u00a0${signedText(value)}`;
  });
  return named.join(" ") + (values.length > MOST_CHANNELS ? " …" : "");
};

/** Returns where a key moves the cursor inside `view`, ten pixels at a time with Shift; null for other keys. */
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
