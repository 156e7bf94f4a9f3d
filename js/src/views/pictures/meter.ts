/** How much a picture resembles those of other neurons at its place: the one number that a person should know of it. */

import { h, plain, type Tree } from "../../dom";
import type { Meters } from "../../protocol/protocol";

export const meter = (code: string, meters: Meters | undefined, index: number): Tree => {
  const similarity = meters && (meters.similarities[index] ?? null);
  const known = similarity != null;
  return plain(
    "div",
    h(
      ".meter",
      {
        title: known ? `the mean over ${meters?.samples} other channels; 1 is the same` : "",
        "data-code": code,
        "data-value": similarity ?? "",
      },
      plain(
        "span",
        `like others’ ${known ? (Math.trunc(similarity * 100) / 100).toFixed(2).replace("-", "−") : similarity === null ? "–" : "…"}`,
      ),
      known && plain("span", `of ${meters?.samples}`),
    ),
    h(".meter-bar", { style: `--dcs-filled: ${100 * Math.max(0, similarity ?? 0)}%` }),
  );
};

/** What the meters say, in one line, and where more is said. */
export const meterNote = (notebook: string | null | undefined): Tree =>
  plain(
    "p.note",
    "like others’: how similar other channels’ pictures are here. ",
    notebook
      ? h("a", { href: notebook, target: "_blank", rel: "noopener" }, "When not to trust a picture")
      : "See example notebook 09.",
  );
