/** The cursor that all pictures share: where it is in each of them, what lies under it, and where the arrow keys move it. */

import { expand } from "./companding";
import type { Picture } from "./display";
import { type Box, clamp, type Place } from "./geometry";
import { signedText } from "./number_text";

const COLOURS = ["R", "G", "B"];
/** More channels than these leave no room to read them. */
const MOST_CHANNELS = 4;

export function contains(box: Box, { y, x }: Place): boolean {
  return y >= box.top && x >= box.left && y < box.top + box.height && x < box.left + box.width;
}

/** The values of a picture's channels at one pixel of the image; outside its window a picture is zero. */
export function valuesAt({ bytes, channels, scale }: Picture, window: Box, pixel: Place): number[] {
  const area = window.height * window.width;
  const place = (pixel.y - window.top) * window.width + pixel.x - window.left;
  const inside = contains(window, pixel);
  return Array.from({ length: channels }, (_, channel) =>
    inside ? expand(bytes[channel * area + place] ?? 0, scale) : 0,
  );
}

/** `R +0.12 G −0.3 B 0`, which breaks between channels only; a single channel needs no name, and others are numbered. */
export function readingText(values: readonly number[]): string {
  const named = values
    .slice(0, MOST_CHANNELS)
    .map((value, channel) =>
      values.length === 1
        ? signedText(value)
        : `${values.length === 3 ? COLOURS[channel] : `${channel}:`}\u00a0${signedText(value)}`,
    );
  return named.join(" ") + (values.length > MOST_CHANNELS ? " …" : "");
}

const STEPS: ReadonlyMap<string, readonly [rows: number, columns: number]> = new Map([
  ["ArrowUp", [-1, 0]],
  ["ArrowDown", [1, 0]],
  ["ArrowLeft", [0, -1]],
  ["ArrowRight", [0, 1]],
]);

/** Where a key moves the cursor inside `view`, ten pixels at a time with Shift; null where the key is no arrow. */
export function movedCursor(
  from: Place | null,
  press: Pick<KeyboardEvent, "key" | "shiftKey">,
  view: Box,
): Place | null {
  const step = STEPS.get(press.key);
  if (step === undefined) return null;
  const { y, x } = from ?? centre(view);
  const length = press.shiftKey ? 10 : 1;
  return {
    y: clamp(y + step[0] * length, view.top, view.top + view.height - 1),
    x: clamp(x + step[1] * length, view.left, view.left + view.width - 1),
  };
}

export function centre({ top, left, height, width }: Box): Place {
  return { y: top + Math.floor(height / 2), x: left + Math.floor(width / 2) };
}
