/** The channels of the layer as tiles or a list, and the field that finds one. */

import { create, h, plain } from "../../dom";
import type { Place } from "../../pictures/geometry";
import { CHANNEL_ORDERS, isVector } from "../../protocol/shown_view";
import { markedNeuron } from "../../store/requests";
import { shapeText } from "../../text";
import type { Component, ViewServices } from "../component";
import { listOf } from "../controls";
import { channelList, channelNumber, matchingChannels } from "./channel_list";
import { atlasTiles } from "./tiles";

const ORDERS = CHANNEL_ORDERS.map((value) => [value, value] as const);

export const atlasView = (services: ViewServices): Component => {
  const { store, redraw } = services;
  const find = create<HTMLInputElement>(plain("input.find"));
  let listed: string | undefined;

  const pick = (channel: number, place: Place | null = null): void =>
    store.pick({ channel, y: place?.y ?? null, x: place?.x ?? null });
  const [orders, tiles] = [listOf(services), atlasTiles(services, pick)];

  const found = (): number | undefined => {
    const { shown } = store.state;
    const text = find.value.trim();
    if (!shown || !text) return undefined;
    if (isVector(shown.layer)) return matchingChannels(shown, text)[0];
    const channel = channelNumber(text);
    return channel < shown.atlas.info.channels ? channel : undefined;
  };

  return (state) => {
    const { shown, order } = state;
    if (!shown) return h("section.atlas", { label: "channels of the layer" });
    const { layer, network } = shown;
    if (layer.name !== listed) find.value = "";
    listed = layer.name;
    const vector = isVector(layer);
    const named = network.classes?.layer === layer.name;
    return h(
      "section.atlas",
      { label: "channels of the layer" },
      plain(
        ".title",
        h(
          "h3",
          { title: `${layer.name}: ${layer.kind}` },
          plain("span", layer.label),
          plain("span.shape", ` · ${shapeText(layer.shape)}`),
        ),
        plain(
          "span.tools",
          h(find, {
            placeholder: named ? "find a class" : "find #",
            named: `find a channel by its number${named ? " or name" : ""}, then Enter`,
            "aria-invalid": (find.value !== "" && found() === undefined) || null,
            oninput: redraw,
            onkeydown: ({ key }) => {
              const channel = found();
              if (key === "Enter" && channel !== undefined) pick(channel);
            },
          }),
          !vector &&
            orders("order of the channels", "quiet", ORDERS, order, (chosen) => store.update({ order: chosen })),
        ),
      ),
      vector ? channelList(shown, find.value.trim(), markedNeuron(state)?.channel ?? null, pick) : tiles(state, shown),
    );
  };
};
