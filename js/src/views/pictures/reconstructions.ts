/** The reversed pictures side by side, in one display, scale and zoom, with one cursor over all of them. */

import { centre, movedCursor } from "../../pictures/cursor";
import { h, plain, take } from "../../dom";
import type { Place } from "../../pictures/geometry";
import { pictureColumns, viewBox } from "../../pictures/columns";
import { meter, meterNote } from "./meter";
import { pictureSheet, reading } from "./picture_figure";
import type { Stage, View } from "../component";

export const reconstructions = ({ store, watchSize }: Stage): View => {
  const columnsOf = pictureColumns();
  let announced = "";
  const point = (pixel: Place | null): void => store.update({ hover: pixel && { neuron: null, pixel } });

  return (state) => {
    const { scene, zoom, hover, asides } = state;
    if (!scene) return plain("div");
    const columns = columnsOf(state, scene);
    const view = viewBox(scene, zoom);
    const pixel = hover?.pixel ?? null;
    const moveTo = (to: Place): void => {
      const readings = columns.flat().map((shown) => `${shown.name} ${reading(shown, view, to) ?? ""}`);
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
            column.map((shown) =>
              pictureSheet(
                shown,
                view,
                pixel,
                point,
                shown.attribute === "data-code" && meter(shown.code, asides.meters, index),
              ),
            ),
          ),
        ),
      ),
      h("p.unseen", { "aria-live": "polite" }, announced),
      meterNote(state.catalog.notebook),
    );
  };
};
