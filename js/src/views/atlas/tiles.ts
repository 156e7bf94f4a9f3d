/** The atlas where a layer has places: a tile for each channel, by pointer and by keys. Only what shows is drawn. */

import { type Child, create, h, plain, setAttribute, surface, take } from "../../dom";
import { valueText } from "../../number_text";
import {
  clamp,
  type Place,
  placeAt,
  type TileLayout,
  tileAt,
  tileBox,
  tileLayout,
  tilesHeight,
} from "../../pictures/geometry";
import { type ShownView, shownChannels, tileValue } from "../../protocol/shown_view";
import { commandFor } from "../../store/keys";
import { markedNeuron } from "../../store/requests";
import type { State } from "../../store/state";
import type { ViewServices } from "../component";
import { pointAt, pointIn } from "../pointing";
import { atlasPainter, drawRing, type PlacedChannel } from "./painting";

const TILE_WISH = 42;
const GAP = 5;
/** Room around the tiles for the ring of the chosen one. */
const MARGIN = 4;

interface Pointed {
  readonly channel: number;
  /** Null where a channel is pointed at as a whole. */
  readonly place: Place | null;
}

/** `pick` is told of a channel that is chosen, and of the place where there is one. */
export const atlasTiles = (
  services: ViewServices,
  pick: (channel: number, place?: Place | null) => void,
): ((state: State, shown: ShownView) => Child) => {
  const { store, redraw, watchSize, colour } = services;
  const canvas = create<HTMLCanvasElement>(plain("canvas"));
  const [scroller, spacer] = [create(h(".scroller", { made: watchSize })), create(plain(".spacer"))];
  const drawTiles = atlasPainter();
  let layout: TileLayout | null = null;
  /** The position in the order at which the keyboard points while the atlas has the focus. */
  let cursor: number | null = null;
  let announced = "";
  let marked: number | undefined;
  /** Which layer and order were painted last. */
  let painted = "";

  const channels = (shown: ShownView): readonly number[] => shownChannels(shown, store.state.order);

  /** Scrolls a position of the order into sight. */
  const reveal = (position: number): void => {
    if (!layout || position < 0) return;
    const { top, height } = tileBox(position, layout);
    scroller.scrollTop = clamp(scroller.scrollTop, top + height + 2 * MARGIN - scroller.clientHeight, top);
  };

  const paint = (state: State, shown: ShownView): void => {
    const order = channels(shown);
    layout = tileLayout(scroller.clientWidth - 2 * MARGIN, TILE_WISH, GAP, shown.atlas.info);
    spacer.style.height = `${tilesHeight(order.length, layout) + 2 * MARGIN}px`;
    setAttribute(canvas, "data-columns", layout.columns);
    const now = `${shown.view.layer} ${state.order}`;
    if (now !== painted) scroller.scrollTop = 0;
    painted = now;
    const neuron = markedNeuron(store.state)?.channel;
    if (neuron !== undefined && neuron !== marked) reveal(order.indexOf(neuron));
    marked = neuron;
    const drawn = surface(canvas);
    if (!drawn) return; // not laid out yet: its size is watched
    const placed = tilesInSight(order, layout, scroller.scrollTop, drawn.height);
    drawTiles(drawn.context, shown, placed);
    for (const [channel, box] of placed) {
      if (channel === marked) drawRing(drawn.context, box, colour("--dcs-accent"), 2, 2);
      else if (channel === state.hover?.neuron?.channel) drawRing(drawn.context, box, colour("--dcs-muted"), 1.5, 1.25);
      if (channel === order[cursor ?? -1]) drawRing(drawn.context, box, colour("--dcs-focus"), 3, 2.5);
    }
  };

  const under = (event: MouseEvent, shown: ShownView): Pointed | null => {
    if (!layout) return null;
    const { clientHeight: height, clientWidth: width } = canvas;
    const point = pointIn(event, canvas, { top: scroller.scrollTop - MARGIN, left: -MARGIN, height, width });
    const order = channels(shown);
    const position = tileAt(point, layout, order.length);
    if (position === null) return null;
    return { channel: order[position] ?? 0, place: placeAt(point, tileBox(position, layout), shown.atlas.info) };
  };

  const leave = (): void => pointAt(services, null);

  const onKey = (event: KeyboardEvent, shown: ShownView): void => {
    if (!layout || cursor === null) return;
    const order = channels(shown);
    const { columns, height } = layout;
    const page = Math.max(1, Math.floor(scroller.clientHeight / (height + GAP))) * columns;
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
      announced = describe(shown, { channel, place: null });
      redraw();
    }
  };

  return (state, shown) => [
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
          label: `${channels(shown).length} channels of ${shown.layer.label}; arrow keys point at one, Enter picks it`,
          onpointermove: (event) => {
            const pointed = under(event, shown);
            if (!pointed?.place) return leave();
            const neuron = { channel: pointed.channel, ...pointed.place };
            pointAt(services, { neuron, pixel: null }, describe(shown, pointed), event);
          },
          onpointerleave: leave,
          onclick: (event) => {
            const pointed = under(event, shown);
            if (pointed) pick(pointed.channel, pointed.place);
          },
          onfocus: () => {
            cursor = channels(shown).indexOf(shown.view.neuron.channel);
            redraw();
          },
          onblur: () => {
            cursor = null;
            redraw();
          },
          onkeydown: (event) => onKey(event, shown),
          from: [shown, state.requested, state.hover?.neuron, state.order, cursor, scroller.scrollTop],
          paint: () => paint(state, shown),
        }),
      ),
    ),
    h("span.unseen", { "aria-live": "polite" }, announced),
  ];
};

/** The channels whose tiles are in sight, and where. */
const tilesInSight = (
  order: readonly number[],
  layout: TileLayout,
  scrollTop: number,
  height: number,
): readonly PlacedChannel[] => {
  const pitch = layout.height + GAP;
  const first = Math.floor(scrollTop / pitch) * layout.columns;
  const count = (Math.ceil(height / pitch) + 1) * layout.columns;
  return order.slice(first, first + count).map((channel, index) => {
    const { top, left, ...size } = tileBox(first + index, layout);
    return [channel, { top: top + MARGIN - scrollTop, left: left + MARGIN, ...size }];
  });
};

const describe = ({ atlas }: ShownView, { channel, place }: Pointed): string => {
  const strongest = `at most ${valueText(atlas.info.maxima[channel] ?? 0)}`;
  if (!place) return `channel ${channel}, ${strongest}`;
  return `${channel} at (${place.y}, ${place.x}) ≈ ${valueText(tileValue(atlas, channel, place), 2)}, ${strongest}`;
};
