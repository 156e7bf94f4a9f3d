/** Above the channels: their order, and a field that finds one by its number, or by its name where it has one. */

import { element, listen, name, setAttribute, setHidden } from "../dom";
import { CHANNEL_ORDERS, isVector } from "../scene";
import type { ChannelList } from "./channel_list";
import type { Part, Stage } from "./stage";

/** `find` is told the channel that was asked for. */
export function atlasTools({ store, signal }: Stage, list: ChannelList, find: (channel: number) => void): Part {
  const orders = CHANNEL_ORDERS.map((order) => element("option", { value: order }, order));
  const sort = element("select", { class: "dcs-select dcs-quiet", "aria-label": "order of the channels" }, ...orders);
  const field = element("input", { class: "dcs-find", autocomplete: "off", spellcheck: "false" });
  const wanted = (): number | undefined => {
    const { scene } = store.state;
    if (!scene) return undefined;
    if (isVector(scene.layer)) return list.search(field.value.trim());
    const digits = /^\s*#?(\d+)\s*$/.exec(field.value)?.[1];
    return digits && Number(digits) < scene.atlas.info.channels ? Number(digits) : undefined;
  };
  const judge = (): void => setAttribute(field, "aria-invalid", field.value !== "" && wanted() === undefined);

  listen(sort, signal, {
    change: () => store.update({ order: CHANNEL_ORDERS.find((order) => order === sort.value) ?? "strongest" }),
  });
  listen(field, signal, {
    input: judge,
    keydown: (event) => {
      const channel = wanted();
      if (event.key === "Enter" && channel !== undefined) find(channel);
    },
  });

  let layer: string | undefined;

  return {
    element: element("span", "dcs-tools", field, sort),
    draw({ order, scene }) {
      sort.value = order;
      if (!scene || scene.view.layer === layer) return;
      setHidden(sort, isVector(scene.layer));
      layer = scene.view.layer;
      const named = scene.network.classes?.layer === layer;
      field.placeholder = named ? "find a class" : "find #";
      name(field, `find a channel by its number${named ? " or name" : ""}, then Enter`);
      field.value = "";
      list.search("");
      judge();
    },
  };
}
