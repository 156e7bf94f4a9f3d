/** The channels of a layer without places: a row each, with its number, a bar from zero and its value. */

import type { Box } from "../geometry";
import { valueText } from "../number_text";

const NUMBER_WIDTH = 44;
const VALUE_WIDTH = 58;

export interface BarColours {
  readonly text: string;
  readonly muted: string;
  readonly track: string;
  readonly bar: string;
  readonly font: string;
}

/** The values between which all bars lie, zero among them. */
export interface BarRange {
  readonly least: number;
  readonly most: number;
}

export function barRange(values: readonly number[]): BarRange {
  return {
    least: values.reduce((least, value) => Math.min(least, value), 0),
    most: values.reduce((most, value) => Math.max(most, value), 0),
  };
}

export function drawBar(
  context: CanvasRenderingContext2D,
  box: Box,
  channel: number,
  value: number,
  { least, most }: BarRange,
  colours: BarColours,
): void {
  const middle = box.top + box.height / 2;
  const left = box.left + NUMBER_WIDTH;
  const width = Math.max(10, box.width - NUMBER_WIDTH - VALUE_WIDTH);
  const along = (at: number): number => left + ((at - least) / (most - least || 1)) * width;

  context.font = colours.font;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillStyle = colours.muted;
  context.fillText(String(channel), left - 8, middle);
  context.fillStyle = colours.track;
  context.fillRect(left, middle - 3, width, 6);
  context.fillStyle = colours.bar;
  context.fillRect(Math.min(along(0), along(value)), middle - 5, Math.max(1, Math.abs(along(value) - along(0))), 10);
  context.fillStyle = colours.text;
  context.fillText(valueText(value), box.left + box.width - 6, middle);
}
