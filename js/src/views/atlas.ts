/** The layer's channels: a tile each with its map, of which only what shows is drawn; a list where it has no places. */

import { element, listen, setAttribute, setHidden, setText, surface } from "../dom";
import { clamp, type Place, placeAt, type TileLayout, tileAt, tileBox, tileLayout, tilesHeight } from "../geometry";
import { shapeText, valueText } from "../number_text";
import { channelExtent, isVector, type Scene, shownChannels } from "../scene";
import { atlasPainter, drawRing, type PlacedChannel } from "./atlas_painting";
import { atlasTools } from "./atlas_tools";
import { channelList } from "./channel_list";
import { pointAt } from "./pointing";
import { changed, type Part, type Stage } from "./stage";

const TILE_WISH = 42;
const GAP = 5;
/** Room around the tiles for the ring of the chosen one. */
const MARGIN = 4;

interface Pointed {
  readonly channel: number;
  /** Null where a channel is pointed at as a whole. */
  readonly place: Place | null;
}

export function atlasView(stage: Stage): Part {
  const { store, signal, tooltip, colour } = stage;
  const label = element("b");
  const shape = element("span");
  const canvas = element("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "atlas of channels",
  });
  const spacer = element("div", {}, canvas);
  const scroller = element("div", "dcs-scroller", spacer);
  const announced = element("span", { class: "dcs-unseen", "aria-live": "polite" });
  const drawChannels = atlasPainter();
  const list = channelList(stage);
  let layout: TileLayout | null = null;
  /** The position in the order at which the keyboard points while the atlas has the focus. */
  let cursor: number | null = null;
  let marked: number | undefined;

  const channelsOf = (scene: Scene): readonly number[] => shownChannels(scene, store.state.order);
  const pick = ({ channel, place }: Pointed): void =>
    store.ask({ neuron: { channel, y: place?.y ?? null, x: place?.x ?? null } });
  const tools = atlasTools(stage, list, (channel) => pick({ channel, place: null }));

  const arrange = (scene: Scene): TileLayout => {
    const found = tileLayout(scroller.clientWidth - 2 * MARGIN, TILE_WISH, GAP, scene.atlas.info);
    const total = tilesHeight(channelsOf(scene).length, found) + 2 * MARGIN;
    spacer.style.height = `${total}px`;
    setAttribute(canvas, "data-columns", found.columns);
    layout = found;
    return found;
  };

  const paint = (scene: Scene, { columns, pitch, ...tiles }: TileLayout): void => {
    const drawn = surface(canvas);
    if (!drawn) return;
    const { scrollTop } = scroller;
    const first = Math.floor(scrollTop / pitch.height) * columns;
    const count = (Math.ceil(drawn.height / pitch.height) + 1) * columns;
    const placed = channelsOf(scene)
      .slice(first, first + count)
      .map((channel, index): PlacedChannel => {
        const { top, left, ...size } = tileBox(first + index, { columns, pitch, ...tiles });
        return [channel, { top: top + MARGIN - scrollTop, left: left + MARGIN, ...size }];
      });
    drawChannels(drawn.context, scene, placed);
    const pointed = store.state.hover?.neuron?.channel;
    for (const [channel, box] of placed) {
      if (channel === marked) drawRing(drawn.context, box, colour("--dcs-accent"), 2, 2);
      else if (channel === pointed) drawRing(drawn.context, box, colour("--dcs-muted"), 1.5, 1.25);
    }
    const focused = cursor === null ? undefined : placed[cursor - first];
    if (focused) drawRing(drawn.context, focused[1], colour("--dcs-focus"), 3, 2.5);
  };

  const under = (event: MouseEvent): Pointed | null => {
    const { scene } = store.state;
    if (!scene || !layout) return null;
    const frame = canvas.getBoundingClientRect();
    const point = {
      y: event.clientY - frame.top + scroller.scrollTop - MARGIN,
      x: event.clientX - frame.left - MARGIN,
    };
    const channels = channelsOf(scene);
    const position = tileAt(point, layout, channels.length);
    const channel = position === null ? undefined : channels[position];
    if (position === null || channel === undefined) return null;
    return { channel, place: placeAt(point, tileBox(position, layout), scene.atlas.info) };
  };

  const leave = (): void => {
    if (store.state.hover) store.update({ hover: null });
    tooltip.hide();
  };

  /** Scrolls a position of the order into sight. */
  const reveal = (position: number): void => {
    if (!layout || position < 0) return;
    const { top, height } = tileBox(position, layout);
    const { scrollTop, clientHeight } = scroller;
    const lowest = top + height + 2 * MARGIN - clientHeight;
    if (top < scrollTop || lowest > scrollTop) scroller.scrollTop = top < scrollTop ? top : lowest;
  };

  const onKey = (event: KeyboardEvent): void => {
    const { scene } = store.state;
    if (!scene || !layout || cursor === null) return;
    const channels = channelsOf(scene);
    const { columns, pitch } = layout;
    const page = Math.max(1, Math.floor(scroller.clientHeight / pitch.height)) * columns;
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      PageDown: page,
      PageUp: -page,
      Home: -channels.length,
      End: channels.length,
    };
    const step = steps[event.key];
    const picks = event.key === "Enter" || event.key === " ";
    if (!step && !picks) return;
    event.preventDefault();
    event.stopPropagation();
    cursor = clamp(cursor + (step ?? 0), 0, channels.length - 1);
    const pointed = { channel: channels[cursor] ?? 0, place: null };
    if (picks) {
      pick(pointed);
      return;
    }
    reveal(cursor);
    setText(announced, describe(scene, pointed));
    stage.redraw(part);
  };

  stage.watchSize(scroller);
  listen(scroller, signal, {
    scroll: () => {
      leave();
      stage.redraw(part);
    },
  });
  listen(canvas, signal, {
    pointermove: (event) => {
      const { scene } = store.state;
      const pointed = under(event);
      if (!scene || !pointed?.place) {
        leave();
        return;
      }
      pointAt(store, { neuron: { channel: pointed.channel, ...pointed.place }, pixel: null });
      tooltip.show(describe(scene, pointed), event.clientX, event.clientY);
    },
    pointerleave: leave,
    click: (event) => {
      const pointed = under(event);
      if (pointed) pick(pointed);
    },
    focus: () => {
      const { scene } = store.state;
      cursor = scene && channelsOf(scene).indexOf(scene.view.neuron.channel);
      stage.redraw(part);
    },
    blur: () => {
      cursor = null;
      stage.redraw(part);
    },
    keydown: onKey,
  });

  const part: Part = {
    element: element(
      "section",
      { class: "dcs-atlas", "aria-label": "channels of the layer" },
      element("div", "dcs-title", element("h3", {}, label, shape), tools.element),
      scroller,
      list.element,
      announced,
    ),
    draw(state, before) {
      const { scene } = state;
      if (!scene || !changed(state, before, (one) => [one.scene, one.wanted, one.hover?.neuron, one.order])) return;
      tools.draw(state, before);
      const { layer } = scene;
      setText(label, layer.label);
      setText(shape, `\u00a0· ${shapeText(layer.shape)}`);
      setAttribute(label, "title", `${layer.name}: ${layer.kind}`);
      setHidden(scroller, isVector(layer));
      setHidden(list.element, !isVector(layer));
      if (isVector(layer)) {
        layout = null;
        list.draw(state, before);
        return;
      }
      const told = `${channelsOf(scene).length} channels of ${layer.label}; arrow keys point at one, Enter picks it`;
      setAttribute(canvas, "aria-label", told);
      const arranged = arrange(scene);
      if (before && (before.scene?.view.layer !== scene.view.layer || before.order !== state.order))
        scroller.scrollTop = 0;
      const neuron = store.markedNeuron()?.channel;
      if (neuron !== undefined && neuron !== marked) reveal(channelsOf(scene).indexOf(neuron));
      marked = neuron;
      paint(scene, arranged);
    },
  };
  return part;
}

function describe({ atlas: { info, bytes } }: Scene, { channel, place }: Pointed): string {
  const strongest = `at most ${valueText(info.maxima[channel] ?? 0)}`;
  if (!place) return `channel ${channel}, ${strongest}`;
  const row = Math.floor((place.y * info.tileHeight) / info.height);
  const column = Math.floor((place.x * info.tileWidth) / info.width);
  const byte = bytes[(channel * info.tileHeight + row) * info.tileWidth + column] ?? 0;
  const value = valueText((byte / 127) * channelExtent(info, channel), 2);
  return `${channel} at (${place.y}, ${place.x}) ≈ ${value}, ${strongest}`;
}
