/** The layer's channels: a tile each with its map, of which only what shows is drawn; a list where it has no places. */

import { ceil, floor, max } from "../arithmetic";
import { create, h, plain, setAttribute, surface, take } from "../dom";
import { clamp, type Place, placeAt, type TileLayout, tileAt, tileBox, tileLayout, tilesHeight } from "../geometry";
import { commandFor } from "../keys";
import { shapeText, valueText } from "../number_text";
import { CHANNEL_ORDERS, isVector, type Scene, shownChannels, tileValue } from "../scene";
import type { State } from "../state";
import { atlasPainter, drawRing, type PlacedChannel } from "./atlas_painting";
import { channelList, channelNumber, matchingChannels } from "./channel_list";
import { pointAt, pointIn } from "./pointing";
import { listOf } from "./select";
import type { Stage, View } from "./stage";

const TILE_WISH = 42;
const GAP = 5;
/** Room around the tiles for the ring of the chosen one. */
const MARGIN = 4;

interface Pointed {
  readonly channel: number;
  /** Null where a channel is pointed at as a whole. */
  readonly place: Place | null;
}

export const atlasView = (stage: Stage): View => {
  const { store, redraw, watchSize, colour } = stage;
  const orders = listOf(stage);
  const [canvas, find] = [create<HTMLCanvasElement>(plain("canvas")), create<HTMLInputElement>(plain("input.find"))];
  const [scroller, spacer] = [create(h(".scroller", { made: watchSize })), create(plain(".spacer"))];
  const drawTiles = atlasPainter();
  let layout: TileLayout | null = null;
  /** The position in the order at which the keyboard points while the atlas has the focus. */
  let cursor: number | null = null;
  let announced = "";
  let marked: number | undefined;
  let painted: State | null = null;
  let listed: string | undefined;

  const channels = (scene: Scene): readonly number[] => shownChannels(scene, store.state.order);
  const pick = (channel: number, place: Place | null = null): void =>
    store.pick({ channel, y: place?.y ?? null, x: place?.x ?? null });

  /** The channel that the field asks for. */
  const wanted = (): number | undefined => {
    const { scene } = store.state;
    const text = find.value.trim();
    if (!scene || !text) return undefined;
    if (isVector(scene.layer)) return matchingChannels(scene, text)[0];
    const channel = channelNumber(text);
    return channel < scene.atlas.info.channels ? channel : undefined;
  };

  /** Scrolls a position of the order into sight. */
  const reveal = (position: number): void => {
    if (!layout || position < 0) return;
    const { top, height } = tileBox(position, layout);
    scroller.scrollTop = clamp(scroller.scrollTop, top + height + 2 * MARGIN - scroller.clientHeight, top);
  };

  const paint = (state: State, scene: Scene): void => {
    const order = channels(scene);
    layout = tileLayout(scroller.clientWidth - 2 * MARGIN, TILE_WISH, GAP, scene.atlas.info);
    spacer.style.height = `${tilesHeight(order.length, layout) + 2 * MARGIN}px`;
    setAttribute(canvas, "data-columns", layout.columns);
    if (painted && (painted.scene?.view.layer !== scene.view.layer || painted.order !== state.order))
      scroller.scrollTop = 0;
    painted = state;
    const neuron = store.markedNeuron()?.channel;
    if (neuron !== undefined && neuron !== marked) reveal(order.indexOf(neuron));
    marked = neuron;
    const drawn = surface(canvas);
    if (!drawn) return; // not laid out yet: its size is watched
    const { scrollTop } = scroller;
    const pitch = layout.height + GAP;
    const { columns } = layout;
    const first = floor(scrollTop / pitch) * columns;
    const count = (ceil(drawn.height / pitch) + 1) * columns;
    const placed = order.slice(first, first + count).map((channel, index): PlacedChannel => {
      const { top, left, ...size } = tileBox(first + index, layout as TileLayout);
      return [channel, { top: top + MARGIN - scrollTop, left: left + MARGIN, ...size }];
    });
    drawTiles(drawn.context, scene, placed);
    const pointed = state.hover?.neuron?.channel;
    placed.forEach(([channel, box], index) => {
      if (channel === marked) drawRing(drawn.context, box, colour("--dcs-accent"), 2, 2);
      else if (channel === pointed) drawRing(drawn.context, box, colour("--dcs-muted"), 1.5, 1.25);
      if (first + index === cursor) drawRing(drawn.context, box, colour("--dcs-focus"), 3, 2.5);
    });
  };

  const under = (event: MouseEvent, scene: Scene): Pointed | null => {
    if (!layout) return null;
    const { clientHeight: height, clientWidth: width } = canvas;
    const point = pointIn(event, canvas, { top: scroller.scrollTop - MARGIN, left: -MARGIN, height, width });
    const order = channels(scene);
    const position = tileAt(point, layout, order.length);
    if (position === null) return null;
    return { channel: order[position] ?? 0, place: placeAt(point, tileBox(position, layout), scene.atlas.info) };
  };

  const leave = (): void => pointAt(stage, null);

  const onKey = (event: KeyboardEvent, scene: Scene): void => {
    if (!layout || cursor === null) return;
    const order = channels(scene);
    const { columns, height } = layout;
    const page = max(1, floor(scroller.clientHeight / (height + GAP))) * columns;
    const [does, rows = 0, across = 0] = commandFor(event) ?? [];
    const leap = { PageDown: page, PageUp: -page, Home: -order.length, End: order.length, Enter: 0, " ": 0 }[event.key];
    const step = does === "move" ? rows * columns + across : leap;
    if (step === undefined) return;
    take(event);
    cursor = clamp(cursor + step, 0, order.length - 1);
    const channel = order[cursor] ?? 0;
    if (step === 0) pick(channel);
    else {
      reveal(cursor);
      announced = describe(scene, { channel, place: null });
      redraw();
    }
  };

  const tiles = (state: State, scene: Scene) =>
    h(
      scroller,
      {
        onscroll: leave,
      },
      h(
        spacer,
        {},
        h(canvas, {
          tabIndex: 0,
          role: "application",
          label: `${channels(scene).length} channels of ${scene.layer.label}; arrow keys point at one, Enter picks it`,
          onpointermove: (event) => {
            const pointed = under(event, scene);
            if (!pointed?.place) return leave();
            const neuron = { channel: pointed.channel, ...pointed.place };
            pointAt(stage, { neuron, pixel: null }, describe(scene, pointed), event);
          },
          onpointerleave: leave,
          onclick: (event) => {
            const pointed = under(event, scene);
            if (pointed) pick(pointed.channel, pointed.place);
          },
          onfocus: () => {
            cursor = channels(scene).indexOf(scene.view.neuron.channel);
            redraw();
          },
          onblur: () => {
            cursor = null;
            redraw();
          },
          onkeydown: (event) => onKey(event, scene),
          from: [scene, state.wanted, state.hover?.neuron, state.order, cursor, scroller.scrollTop],
          paint: () => paint(state, scene),
        }),
      ),
    );

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
          layer.label,
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
        ? channelList(scene, find.value.trim(), store.markedNeuron()?.channel ?? null, pick)
        : tiles(state, scene),
      h("span.unseen", { "aria-live": "polite" }, announced),
    );
  };
};

const describe = ({ atlas }: Scene, { channel, place }: Pointed): string => {
  const strongest = `at most ${valueText(atlas.info.maxima[channel] ?? 0)}`;
  if (!place) return `channel ${channel}, ${strongest}`;
  return `${channel} at (${place.y}, ${place.x}) ≈ ${valueText(tileValue(atlas, channel, place), 2)}, ${strongest}`;
};
