/** How much a picture resembles those of other neurons at its place: the one number that a person should know of it. */

import { max } from "../arithmetic";
import { h, plain, type Tree } from "../dom";
import { valueText } from "../number_text";
import type { Meters } from "../protocol";

export const meter = (code: string, meters: Meters | undefined, index: number): Tree => {
  const samples = meters?.samples ?? 0;
  const similarity = samples > 0 ? (meters?.similarities[index] ?? null) : undefined;
  const known = similarity != null;
  return plain(
    "div",
    h(
      ".meter",
      {
        title: known ? `the mean over ${samples} other channels; 1 is the same` : "",
        "data-code": code,
        "data-value": similarity ?? "",
      },
      plain("span", `like others’ ${known ? valueText(similarity, 2) : similarity === null ? "–" : "…"}`),
      known && plain("span", `of ${samples}`),
    ),
    h(".meter-bar", { style: `--dcs-filled: ${100 * max(0, similarity ?? 0)}%` }),
  );
};

/** What the meters say, in one line. */
export const METER_NOTE = plain(
  "p.note",
  "like others’: how similar other channels’ pictures are here. ",
  h(
    "a",
    { href: "09_when_not_to_trust_a_picture.ipynb", target: "_blank", rel: "noopener" },
    "When not to trust a picture",
  ),
);
