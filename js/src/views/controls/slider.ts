/** A range input whose filled part is drawn by the style sheet; a double click brings it home. */

import { h, type Tree } from "../../dom";

export interface SliderRange {
  readonly label: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly step: number;
  readonly home: number;
}

export const slider = (
  { label, minimum, maximum, step, home }: SliderRange,
  value: number,
  text: string,
  change: (value: number) => void,
): Tree =>
  h("input.slider", {
    type: "range",
    min: minimum,
    max: maximum,
    step: step,
    valueAsNumber: value,
    style: `--dcs-filled: ${(100 * (value - minimum)) / (maximum - minimum)}%`,
    label: label,
    "aria-valuetext": text,
    oninput: ({ currentTarget }) => change(currentTarget.valueAsNumber),
    ondblclick: () => change(home),
  });
