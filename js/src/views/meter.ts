/** How much a picture resembles those of other neurons at its place: the one number that a person should know of it. */

import { element, setAttribute, setText } from "../dom";
import { valueText } from "../number_text";
import type { Meters } from "../protocol";

export interface Meter {
  readonly element: HTMLElement;
  draw(code: string, meters: Meters | null, index: number): void;
}

export function meter(): Meter {
  const [text, samples, bar] = [element("span"), element("span"), element("i")];
  const root = element("div", { class: "dcs-meter" }, text, samples, bar);
  return {
    element: root,
    draw(code, meters, index) {
      const similarity = meters !== null && meters.samples > 0 ? (meters.similarities[index] ?? null) : undefined;
      setAttribute(root, "data-code", code);
      setAttribute(root, "data-value", similarity ?? "");
      const number = similarity === undefined ? "…" : similarity === null ? "–" : valueText(similarity, 2);
      setText(text, `like others’ ${number}`);
      setText(samples, similarity == null ? "" : `${meters?.samples} others`);
      bar.style.setProperty("--dcs-filled", `${100 * Math.max(0, similarity ?? 0)}%`);
    },
  };
}

/** What the meters say, in one line. */
export function meterNote(): HTMLElement {
  return element(
    "p",
    { class: "dcs-note" },
    "like others’: how much a picture resembles those of other channels at the same place; 1 is the same. ",
    element(
      "a",
      { href: "09_when_not_to_trust_a_picture.ipynb", target: "_blank", rel: "noopener" },
      "When not to trust a picture",
    ),
  );
}
