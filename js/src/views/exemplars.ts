/** The images of a data set that excite the channel under view most: a click looks at the same place there. */

import { h, plain } from "../dom";
import type { Store } from "../store/store";
import { valueText } from "../text";
import type { Component } from "./component";
import { remark, thumbnail } from "./controls";

export const exemplarStrip =
  (store: Store): Component =>
  ({ panelRequest, panels: { exemplars }, shown }) => {
    const offered = shown?.network.exemplars?.includes(shown.layer.name);
    if (!panelRequest.exemplars || !offered) return null;
    const { channel, cards = [] } = exemplars ?? {};
    return h(
      "section.exemplars",
      { label: "exemplars", "data-waiting": !exemplars },
      plain(
        ".row",
        plain("h3", "Exemplars"),
        remark(exemplars ? `the strongest, as ${exemplars.name} draws them` : "…"),
      ),
      plain(
        ".cards",
        cards.map(({ image, title, y, x, value, patch, picture }) =>
          h(
            "button.exemplar",
            {
              key: image,
              named: `${title}: ${valueText(value)}`,
              "data-image": image,
              onclick: () => store.pick({ channel: channel ?? 0, y, x }, image),
            },
            thumbnail(patch),
            thumbnail(picture),
            plain("span", valueText(value)),
          ),
        ),
      ),
    );
  };
