/** The channels of a layer with places, as tiles. Only those in sight are drawn. */

import { type Child, create, h, opaquePixels, pictureOf, plain, setAttribute, surface, take } from "../../dom";
import { memoized } from "../../memoized";
import { colourScale, paintMap } from "../../pictures/colour_maps";
import {
  type Box,
  clamp,
  type Place,
  placeAt,
  type TileLayout,
  tileAt,
  tileBox,
  tileLayout,
  tilesHeight,
} from "../../pictures/geometry";
import type { AtlasInfo } from "../../protocol/protocol";
import { type Atlas, channelExtent, type ShownView, shownChannels, tileOf, tileValue } from "../../protocol/shown_view";
import { commandFor } from "../../store/keys";
import { markedNeuron } from "../../store/requests";
import type { State } from "../../store/state";
import { valueText } from "../../text";
import type { ViewServices } from "../component";
import { pointAt, pointIn } from "../pointing";

const PREFERRED_WIDTH = 42;
const GAP = 5;
/** Space around the tiles for the ring of the chosen one. */
const MARGIN = 4;

interface Pointed {
  readonly channel: number;
  /** Null where a channel is pointed at as a whole. */
  readonly place: Place | null;
}

/** `pick` is called with the channel that is chosen, and the place where there is one. */
export const atlasTiles = (services: ViewServices, pick: (channel: number, place?: Place | null) => void) => {
  const { redraw, watchSize, colour } = services;
  const canvas = create<HTMLCanvasElement>(plain("canvas"));
  const [scroller, spacer] = [create(h(".scroller", { made: watchSize })), create(plain(".spacer"))];
  const sheetOf = memoized(paintSheet);
  let layout: TileLayout | null = null;
  /** The position in the order that the keyboard points at while the atlas has the focus. */
  let cursor: number | null = null;
  let announced = "";
  let marked: number | undefined;
  let painted = "";

  const reveal = (position: number): void => {
    if (!layout || position < 0) return;
    const { top, height } = tileBox(position, layout);
    scroller.scrollTop = clamp(scroller.scrollTop, top + height + 2 * MARGIN - scroller.clientHeight, top);
  };

  const paint = (state: State, shown: ShownView, order: readonly number[]): void => {
    layout = tileLayout(scroller.clientWidth - 2 * MARGIN, PREFERRED_WIDTH, GAP, shown.atlas.info);
    spacer.style.height = `${tilesHeight(order.length, layout) + 2 * MARGIN}px`;
    setAttribute(canvas, "data-columns", layout.columns);
    const now = `${shown.view.layer} ${state.order}`;
    if (now !== painted) scroller.scrollTop = 0;
    painted = now;
    const channel = markedNeuron(state)?.channel;
    if (channel !== undefined && channel !== marked) reveal(order.indexOf(channel));
    marked = channel;
    const drawn = surface(canvas);
    if (!drawn) return; // not laid out yet: its size is watched
    const { context } = drawn;
    const ring = ({ top, left, height, width }: Box, name: string, distance: number, thickness: number): void => {
      context.strokeStyle = colour(name);
      context.lineWidth = thickness;
      context.beginPath();
      context.roundRect(left - distance, top - distance, width + 2 * distance, height + 2 * distance, 4);
      context.stroke();
    };
    const placed = tilesInSight(order, layout, scroller.scrollTop, drawn.height);
    drawTiles(context, shown.atlas.info, sheetOf(shown.atlas), placed);
    for (const [channel, box] of placed) {
      if (channel === marked) ring(box, "--dcs-accent", 2, 2);
      else if (channel === state.hover?.neuron?.channel) ring(box, "--dcs-muted", 1.5, 1.25);
      if (channel === order[cursor ?? -1]) ring(box, "--dcs-focus", 3, 2.5);
    }
  };

  const under = (event: MouseEvent, shown: ShownView, order: readonly number[]): Pointed | null => {
    if (!layout) return null;
    const { clientHeight: height, clientWidth: width } = canvas;
    const point = pointIn(event, canvas, { top: scroller.scrollTop - MARGIN, left: -MARGIN, height, width });
    const position = tileAt(point, layout, order.length);
    if (position === null) return null;
    return { channel: order[position] ?? 0, place: placeAt(point, tileBox(position, layout), shown.atlas.info) };
  };

  const leave = (): void => pointAt(services, null);

  const onKey = (event: KeyboardEvent, shown: ShownView, order: readonly number[]): void => {
    if (!layout || cursor === null) return;
    const { columns, height } = layout;
    const page = Math.max(1, Math.floor(scroller.clientHeight / (height + GAP))) * columns;
    const [name, rows = 0, across = 0] = commandFor(event) ?? [];
    const leap = { PageDown: page, PageUp: -page, Home: -order.length, End: order.length, Enter: 0, " ": 0 }[event.key];
    const step = name === "move" ? rows * columns + across : leap;
    if (step === undefined) return;
    take(event);
    moveCursor(clamp(cursor + step, 0, order.length - 1));
    const channel = order[cursor] ?? 0;
    if (step === 0) pick(channel);
    else {
      reveal(cursor);
      announced = describe(shown, { channel, place: null });
    }
  };

  const moveCursor = (position: number | null): void => {
    cursor = position;
    redraw();
  };

  return (state: State, shown: ShownView): Child => {
    const order = shownChannels(shown, state.order);
    const tiles = h(canvas, {
      tabIndex: 0,
      role: "application",
      label: `${order.length} channels of ${shown.layer.label}; arrow keys point at one, Enter picks it`,
      onpointermove: (event) => {
        const pointed = under(event, shown, order);
        if (!pointed?.place) return leave();
        const neuron = { channel: pointed.channel, ...pointed.place };
        pointAt(services, { neuron, pixel: null }, describe(shown, pointed), event);
      },
      onpointerleave: leave,
      onclick: (event) => {
        const pointed = under(event, shown, order);
        if (pointed) pick(pointed.channel, pointed.place);
      },
      onfocus: () => moveCursor(order.indexOf(shown.view.neuron.channel)),
      onblur: () => moveCursor(null),
      onkeydown: (event) => onKey(event, shown, order),
      from: [shown, state.requested, state.hover?.neuron, state.order, cursor, scroller.scrollTop],
      paint: () => paint(state, shown, order),
    });
    return [
      h(scroller, { onscroll: leave }, h(spacer, {}, tiles)),
      h("span.unseen", { "aria-live": "polite" }, announced),
    ];
  };
};

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

type PlacedChannel = readonly [channel: number, box: Box];

/** The tiles in a row of the sheet. */
const COLUMNS = 32;

const onSheet = (channel: number): readonly [column: number, row: number] => [
  channel % COLUMNS,
  Math.floor(channel / COLUMNS),
];

/** All tiles painted side by side on a hidden canvas. */
const paintSheet = (atlas: Atlas): HTMLCanvasElement => {
  const { channels, tileHeight, tileWidth, minima, maxima } = atlas.info;
  const width = COLUMNS * tileWidth;
  const pixels = opaquePixels(Math.ceil(channels / COLUMNS) * tileHeight * width);
  for (let channel = 0; channel < channels; channel++) {
    const [column, row] = onSheet(channel);
    const scale = colourScale(minima[channel] ?? 0, maxima[channel] ?? 0);
    const unit = channelExtent(atlas.info, channel) / 127;
    const start = row * tileHeight * width + column * tileWidth;
    paintMap(tileOf(atlas, channel), unit, scale, pixels, tileWidth, start, width);
  }
  return pictureOf(pixels, width);
};

const drawTiles = (
  context: CanvasRenderingContext2D,
  { tileHeight, tileWidth }: AtlasInfo,
  sheet: HTMLCanvasElement,
  placed: readonly PlacedChannel[],
): void => {
  context.save();
  context.beginPath();
  for (const [, { left, top, width, height }] of placed) context.roundRect(left, top, width, height, 3);
  context.clip();
  for (const [channel, { left, top, width, height }] of placed) {
    // Enlarged tiles keep their pixels, reduced ones are averaged.
    context.imageSmoothingEnabled = width * devicePixelRatio < tileWidth;
    const [column, row] = onSheet(channel);
    context.drawImage(sheet, column * tileWidth, row * tileHeight, tileWidth, tileHeight, left, top, width, height);
  }
  context.restore();
};
