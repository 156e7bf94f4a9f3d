/** The pictures of two pinned places side by side. */

import { h, plain } from "../../dom";
import { memoized } from "../../memoized";
import { largestNorm } from "../../pictures/display";
import type { Comparison } from "../../protocol/panels";
import type { State } from "../../store/state";
import type { Store } from "../../store/store";
import type { Component } from "../component";
import { closeButton, remark } from "../controls";
import { rangeText, type ShownPicture } from "./columns";
import { pictureFigure } from "./picture_figure";

export const comparison = (store: Store): Component => {
  /** Stays until another comparison is requested, whatever the view does. */
  let last: Comparison | null = null;
  let requested: State["panelRequest"]["compare"] = null;
  const sidesOf = memoized((sides: Comparison["sides"], display: State["display"], gain: number) =>
    sides.map(({ title, window, reconstructions }, side) => {
      // Photographs of other views are not here: what lies over the image is shown by itself.
      const mode = display === "overlay" ? "paper" : display;
      const items = reconstructions.map((picture): ShownPicture => {
        const { code, name } = picture.info;
        const range = rangeText(picture);
        const label = `${name}: ${range}`;
        const reference = { ...picture.info, norm: largestNorm(picture) };
        const painting = { mode, gain, reference, photograph: null, image: window } as const;
        return { attribute: "data-compared", side, code, name, label, range, picture, window, painting };
      });
      return { title, window, items };
    }),
  );
  return ({ panelRequest, panels, display, gain }) => {
    if (panelRequest.compare !== requested) last = null;
    requested = panelRequest.compare;
    last = panelRequest.compare && (panels.comparison ?? last);
    return h(
      "section.comparison",
      { label: "comparison of two pins", hidden: !requested },
      plain(
        ".title",
        plain("h3", "Side by side"),
        remark(!last ? "…" : display === "overlay" ? "without their photographs: as paper" : ""),
        closeButton("close the comparison", () => store.requestPanels({ compare: null })),
      ),
      plain(
        ".sides",
        sidesOf(last?.sides ?? [], display, gain).map(({ title, window, items }, side) =>
          h(
            ".side",
            { key: side },
            plain("b", title),
            plain(
              ".compared",
              items.map((one) => pictureFigure(one, window)),
            ),
          ),
        ),
      ),
    );
  };
};
