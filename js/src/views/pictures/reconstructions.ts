/** The reversed pictures side by side, with one cursor over all of them. */

import { h, plain, type Tree, take } from "../../dom";
import type { Place } from "../../pictures/geometry";
import type { Meters } from "../../protocol/protocol";
import type { Component, ViewServices } from "../component";
import { pictureColumns, viewBox } from "./columns";
import { centre, movedCursor } from "./cursor";
import { pictureFigure, reading } from "./picture_figure";

export const reconstructions = ({ store, watchSize }: ViewServices): Component => {
  const columnsOf = pictureColumns();
  let announced = "";
  const point = (pixel: Place | null): void => store.update({ hover: pixel && { neuron: null, pixel } });

  return (state) => {
    const { shown, zoom, hover, panels } = state;
    if (!shown) return plain("div");
    const columns = columnsOf(state, shown);
    const view = viewBox(shown, zoom);
    const pixel = hover?.pixel ?? null;
    const moveTo = (to: Place): void => {
      const readings = columns.flat().map((item) => `${item.name} ${reading(item, view, to) ?? ""}`);
      announced = `row ${to.y}, column ${to.x}: ${readings.join("; ")}`;
      point(to);
    };
    return plain(
      "div",
      h(
        ".panels",
        {
          made: watchSize,
          tabIndex: 0,
          role: "application",
          label: "pictures; arrow keys move a cursor over all, with Shift ten pixels",
          "data-panels": columns.length,
          onfocus: () => moveTo(pixel ?? centre(view)),
          onblur: () => point(null),
          onkeydown: (event) => {
            const to = movedCursor(pixel, event, view);
            if (!to) return;
            take(event);
            moveTo(to);
          },
        },
        columns.map((column, index) =>
          h(
            "div",
            { key: column[0]?.code },
            column.map((item) => {
              const below = item.attribute === "data-code" && meter(item.code, panels.meters, index);
              return pictureFigure(item, view, pixel, point, below);
            }),
          ),
        ),
      ),
      h("p.unseen", { "aria-live": "polite" }, announced),
      meterNote(state.catalog.notebook),
    );
  };
};

const meter = (code: string, meters: Meters | undefined, index: number): Tree => {
  const similarity = meters && (meters.similarities[index] ?? null);
  const known = similarity != null;
  const rounded = known ? (Math.trunc(similarity * 100) / 100).toFixed(2).replace("-", "−") : null;
  return plain(
    "div",
    h(
      ".meter",
      {
        title: known ? `the mean over ${meters?.samples} other channels; 1 is the same` : "",
        "data-code": code,
        "data-value": similarity ?? "",
      },
      plain("span", `like others’ ${rounded ?? (similarity === null ? "–" : "…")}`),
      known && plain("span", `of ${meters?.samples}`),
    ),
    h(".meter-bar", { style: `--dcs-filled: ${100 * Math.max(0, similarity ?? 0)}%` }),
  );
};

const meterNote = (notebook: string | null | undefined): Tree =>
  plain(
    "p.note",
    "like others’: how similar other channels’ pictures are here. ",
    notebook
      ? h("a", { href: notebook, target: "_blank", rel: "noopener" }, "When not to trust a picture")
      : "See example notebook 09.",
  );
