/** The layer's channels: tiles with their maps, or a list where they have no places; and the field that finds one. */

import { create, h, plain } from "../../dom";
import type { Place } from "../../pictures/geometry";
import { shapeText } from "../../number_text";
import { markedNeuron } from "../../store/requests";
import { CHANNEL_ORDERS, isVector } from "../../protocol/shown_view";
import { atlasTiles } from "./tiles";
import { channelList, channelNumber, matchingChannels } from "./channel_list";
import { listOf } from "../controls/select";
import type { Stage, View } from "../component";

export const atlasView = (stage: Stage): View => {
  const { store, redraw } = stage;
  const find = create<HTMLInputElement>(plain("input.find"));
  let listed: string | undefined;

  const pick = (channel: number, place: Place | null = null): void =>
    store.pick({ channel, y: place?.y ?? null, x: place?.x ?? null });
  const [orders, tiles] = [listOf(stage), atlasTiles(stage, pick)];

  /** The channel that the field asks for. */
  const wanted = (): number | undefined => {
    const { scene } = store.state;
    const text = find.value.trim();
    if (!scene || !text) return undefined;
    if (isVector(scene.layer)) return matchingChannels(scene, text)[0];
    const channel = channelNumber(text);
    return channel < scene.atlas.info.channels ? channel : undefined;
  };

  return (state) => {
    const { scene, order } = state;
    const section = { label: "channels of the layer" };
    if (!scene) return h("section.atlas", section);
    const { layer, network } = scene;
    if (layer.name !== listed) find.value = "";
    listed = layer.name;
    const named = network.classes?.layer === layer.name;
    return h(
      "section.atlas",
      section,
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
            "aria-invalid": (find.value !== "" && wanted() === undefined) || null,
            oninput: redraw,
            onkeydown: ({ key }) => {
              const channel = wanted();
              if (key === "Enter" && channel !== undefined) pick(channel);
            },
          }),
          !isVector(layer) &&
            orders(
              "order of the channels",
              "quiet",
              CHANNEL_ORDERS.map((value) => [value, value]),
              order,
              (chosen) => store.update({ order: chosen }),
            ),
        ),
      ),
      isVector(layer)
        ? channelList(scene, find.value.trim(), markedNeuron(store.state)?.channel ?? null, pick)
        : tiles(state, scene),
    );
  };
};
