/** Above the atlas: the order of its channels, and a field that finds one by its number. */

import { element, listen, setAttribute } from "../dom";
import { CHANNEL_ORDERS } from "../scene";
import type { Part, Stage } from "./stage";

/** `find` is told the channel that was asked for by its number. */
export function atlasTools({ store, signal }: Stage, find: (channel: number) => void): Part {
  const orders = CHANNEL_ORDERS.map((order) => element("option", { value: order }, order));
  const sort = element("select", { class: "dcs-select dcs-quiet", "aria-label": "order of the channels" }, ...orders);
  const field = element("input", {
    class: "dcs-find",
    inputmode: "numeric",
    "aria-label": "find a channel by its number",
    placeholder: "find #",
    title: "a channel's number, then Enter: its strongest place",
    autocomplete: "off",
  });
  const wanted = (): number | null => {
    const { scene } = store.state;
    const digits = /^\s*#?(\d+)\s*$/.exec(field.value)?.[1];
    const channel = Number(digits);
    return digits !== undefined && scene !== null && channel < scene.atlas.info.channels ? channel : null;
  };
  const judge = (): void => setAttribute(field, "aria-invalid", field.value !== "" && wanted() === null);

  listen(sort, signal, {
    change: () => store.update({ order: CHANNEL_ORDERS.find((order) => order === sort.value) ?? "strongest" }),
  });
  listen(field, signal, {
    input: judge,
    keydown: (event) => {
      const channel = wanted();
      if (event.key === "Enter" && channel !== null) find(channel);
    },
  });

  let layer: string | undefined;

  return {
    element: element("span", { class: "dcs-tools" }, field, sort),
    draw({ order, scene }) {
      sort.value = order;
      if (scene?.view.layer === layer) return;
      layer = scene?.view.layer;
      field.value = "";
      judge();
    },
  };
}
