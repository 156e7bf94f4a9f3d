/** Two pinned places side by side: their pictures, displayed as those of the view are. */

import type { Comparison } from "../../protocol/panels";
import { h, plain } from "../../dom";
import { remembered } from "../../memoized";
import { rangeText, type ShownPicture } from "../../pictures/columns";
import type { State } from "../../store/state";
import type { Store } from "../../store/store";
import { closeButton, remark } from "../controls/elements";
import { pictureSheet } from "./picture_figure";
import type { View } from "../component";

export const comparison = (store: Store): View => {
  /** The last that came: shown until another comparison is wanted, whatever the view does. */
  let last: Comparison | null = null;
  let wanted: State["aside"]["compare"] = null;
  const sidesOf = remembered((sides: Comparison["sides"], display: State["display"], gain: number) =>
    sides.map(({ title, window, reconstructions }, side) => {
      // Photographs of other views are not here: what lies over the image is shown by itself.
      const mode = display === "overlay" ? "paper" : display;
      const shown = reconstructions.map((picture): ShownPicture => {
        const { code, name } = picture.info;
        const range = rangeText(picture);
        const label = `${name}: ${range}`;
        const painting = { mode, gain, reference: picture.info, photograph: null, image: window } as const;
        return { attribute: "data-compared", side, code, name, label, range, picture, window, painting };
      });
      return { title, window, shown };
    }),
  );
  return ({ aside, asides, display, gain }) => {
    if (aside.compare !== wanted) last = null;
    wanted = aside.compare;
    last = aside.compare && (asides.comparison ?? last);
    return h(
      "section.comparison",
      { label: "comparison of two pins", hidden: !wanted },
      plain(
        ".title",
        plain("h3", "Side by side"),
        remark(!last ? "…" : display === "overlay" ? "without their photographs: as paper" : ""),
        closeButton("close the comparison", () => store.setAside({ compare: null })),
      ),
      plain(
        ".sides",
        sidesOf(last?.sides ?? [], display, gain).map(({ title, window, shown }, side) =>
          h(
            ".side",
            { key: side },
            plain("b", title),
            plain(
              ".compared",
              shown.map((one) => pictureSheet(one, window)),
            ),
          ),
        ),
      ),
    );
  };
};
