/** How much a picture resembles those of other neurons at its place: the one number that a person should know of it. */

import { element, setAttribute, setText } from "../dom";
import { valueText } from "../number_text";
import type { Meters } from "../protocol";

export interface Meter {
  readonly element: HTMLElement;
  draw(code: string, meters: Meters | null, index: number): void;
}

export function meter(): Meter {
  const [text, samples] = [element("span"), element("span")];
  const root = element("div", "dcs-meter", text, samples);
  const bar = element("div", "dcs-meter-bar");
  return {
    element: element("div", {}, root, bar),
    draw(code, meters, index) {
      const similarity = meters !== null && meters.samples > 0 ? (meters.similarities[index] ?? null) : undefined;
      setAttribute(root, "data-code", code);
      setAttribute(root, "data-value", similarity ?? "");
      setAttribute(
        root,
        "title",
        similarity == null ? "" : `the mean over ${meters?.samples} other channels; 1 is the same`,
      );
      const number = similarity === undefined ? "…" : similarity === null ? "–" : valueText(similarity, 2);
      setText(text, `like others’ ${number}`);
      setText(samples, similarity == null ? "" : `of ${meters?.samples}`);
      bar.style.setProperty("--dcs-filled", `${100 * Math.max(0, similarity ?? 0)}%`);
    },
  };
}

/** What the meters say, in one line. */
export function meterNote(): HTMLElement {
  return element(
    "p",
    "dcs-note",
    "like others’: how similar other channels’ pictures are here. ",
    element(
      "a",
      { href: "09_when_not_to_trust_a_picture.ipynb", target: "_blank", rel: "noopener" },
      "When not to trust a picture",
    ),
  );
}
