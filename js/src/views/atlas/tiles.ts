/** The atlas where a layer has places: a tile for each channel, by pointer and by keys. Only what shows is drawn. */

import { type Child, create, h, plain, setAttribute, surface, take } from "../../dom";
import { clamp, type Place, placeAt, type TileLayout, tileAt, tileBox, tileLayout, tilesHeight } from "../../pictures/geometry";
import { commandFor } from "../../store/keys";
import { valueText } from "../../number_text";
import { markedNeuron } from "../../store/requests";
import { type Scene, shownChannels, tileValue } from "../../protocol/shown_view";
import type { State } from "../../store/state";
import { atlasPainter, drawRing, type PlacedChannel } from "./painting";
import { pointAt, pointIn } from "../pointing";
import type { Stage } from "../component";

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
  stage: Stage,
  pick: (channel: number, place?: Place | null) => void,
): ((state: State, scene: Scene) => Child) => {
  const { store, redraw, watchSize, colour } = stage;
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

  const channels = (scene: Scene): readonly number[] => shownChannels(scene, store.state.order);

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
    const now = `${scene.view.layer} ${state.order}`;
    if (now !== painted) scroller.scrollTop = 0;
    painted = now;
    const neuron = markedNeuron(store.state)?.channel;
    if (neuron !== undefined && neuron !== marked) reveal(order.indexOf(neuron));
    marked = neuron;
    const drawn = surface(canvas);
    if (!drawn) return; // not laid out yet: its size is watched
    const placed = tilesInSight(order, layout, scroller.scrollTop, drawn.height);
    drawTiles(drawn.context, scene, placed);
    for (const [channel, box] of placed) {
      if (channel === marked) drawRing(drawn.context, box, colour("--dcs-accent"), 2, 2);
      else if (channel === state.hover?.neuron?.channel) drawRing(drawn.context, box, colour("--dcs-muted"), 1.5, 1.25);
      if (channel === order[cursor ?? -1]) drawRing(drawn.context, box, colour("--dcs-focus"), 3, 2.5);
    }
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
      announced = describe(scene, { channel, place: null });
      redraw();
    }
  };

  return (state, scene) => [
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

const describe = ({ atlas }: Scene, { channel, place }: Pointed): string => {
  const strongest = `at most ${valueText(atlas.info.maxima[channel] ?? 0)}`;
  if (!place) return `channel ${channel}, ${strongest}`;
  return `${channel} at (${place.y}, ${place.x}) ≈ ${valueText(tileValue(atlas, channel, place), 2)}, ${strongest}`;
};
