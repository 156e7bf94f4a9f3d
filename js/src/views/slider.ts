/** A range input whose filled part is drawn by the style sheet; a double click brings it home. */

import { element, listen } from "../dom";

export interface SliderRange {
  readonly label: string;
  readonly minimum: number;
  readonly maximum: number;
  readonly step: number;
  readonly home: number;
}

export interface Slider {
  readonly element: HTMLInputElement;
  set(value: number, text?: string): void;
}

export function slider(range: SliderRange, changed: (value: number) => void, signal: AbortSignal): Slider {
  const { label, minimum, maximum, step, home } = range;
  const input = element("input", {
    type: "range",
    class: "dcs-slider",
    min: minimum,
    max: maximum,
    step,
    "aria-label": label,
    title: `${label} (double click: ${home})`,
  });
  listen(input, signal, { input: () => changed(input.valueAsNumber), dblclick: () => changed(home) });
  return {
    element: input,
    set(value, text) {
      if (input.valueAsNumber !== value) input.valueAsNumber = value;
      input.style.setProperty("--dcs-filled", `${(100 * (value - minimum)) / (maximum - minimum)}%`);
      if (text !== undefined) input.setAttribute("aria-valuetext", text);
    },
  };
}
