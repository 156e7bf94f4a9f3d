/** Two pinned places side by side: their pictures, displayed as those of the view are. */

import type { ComparedSide, Comparison } from "../asides";
import { paintPicture } from "../display";
import { button, element, pictureOf, setHidden, setText } from "../dom";
import { valueText } from "../number_text";
import { changed, type Part, type Stage } from "./stage";

export function comparison({ store, signal }: Stage): Part {
  const sides = element("div", "dcs-sides");
  const waiting = element("span", { class: "dcs-muted", role: "status" });
  const close = button("dcs-button", "close the comparison", signal, () => store.setAside({ compare: null }), "×");
  /** The last that came: shown until another comparison is wanted, whatever the view does. */
  let last: Comparison | null = null;
  let wanted: unknown;

  const figure = ({ window, reconstructions }: ComparedSide, side: number): HTMLElement[] =>
    reconstructions.map((one) => {
      const { display, gain } = store.state;
      // Photographs of other views are not here: what lies over the image is shown by itself.
      const mode = display === "overlay" ? "paper" : display;
      const canvas = element("canvas", { "data-side": side, "data-compared": one.info.code });
      if (window.height * window.width > 0) {
        const painting = { mode, gain, reference: one.info, photograph: null, image: window };
        pictureOf(paintPicture(one, window, window, painting), window.width, canvas);
      }
      const caption = element("figcaption", {}, element("strong", {}, one.info.name), element("span", "dcs-number"));
      setText(caption.lastElementChild ?? caption, `±${valueText(one.info.max)}`);
      return element("figure", {}, element("div", "dcs-frame", canvas), caption);
    });

  const root = element(
    "section",
    { class: "dcs-comparison", "aria-label": "comparison of two pins" },
    element("div", "dcs-title", element("h3", {}, "Side by side"), waiting, close),
    sides,
  );
  return {
    element: root,
    draw(state, before) {
      const { aside, asides } = state;
      if (!changed(state, before, (one) => [one.aside.compare, one.asides.comparison, one.display, one.gain])) return;
      if (aside.compare !== wanted) last = null;
      wanted = aside.compare;
      last = aside.compare && (asides.comparison ?? last);
      setHidden(root, !aside.compare);
      setText(waiting, last ? "" : "…");
      const columns = last?.sides.map((one, side) =>
        element(
          "div",
          { class: "dcs-side" },
          element("b", {}, one.title),
          element("div", "dcs-compared", ...figure(one, side)),
        ),
      );
      sides.replaceChildren(...(columns ?? []));
    },
  };
}
