/** The layer's channels: a tile each with its map, or a bar each where the layer has no places. Only what shows is drawn. */

import { element, listen, setAttribute, setText, surface } from "../dom";
import { clamp, type Place, placeAt, type TileLayout, tileAt, tileBox, tileLayout, tilesHeight } from "../geometry";
import { shapeText, valueText } from "../number_text";
import { channelExtent, isVector, orderedChannels, type Scene } from "../scene";
import type { State } from "../store";
import { atlasPainter, drawRing, type PlacedChannel } from "./atlas_painting";
import { atlasTools } from "./atlas_tools";
import type { Part, Stage } from "./stage";

const TILE_WISH = 42;
const GAP = 5;
/** Room around the tiles for the ring of the chosen one. */
const MARGIN = 4;
const BAR_HEIGHT = 22;

interface Pointed {
  readonly channel: number;
  /** Null on layers without places. */
  readonly place: Place | null;
}

export class AtlasView implements Part {
  readonly element: HTMLElement;
  readonly #stage: Stage;
  readonly #tools: Part;
  readonly #label = element("b");
  readonly #shape = element("span");
  readonly #canvas = element("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "atlas of channels",
  });
  readonly #spacer = element("div", {}, this.#canvas);
  readonly #scroller = element("div", { class: "dcs-scroller" }, this.#spacer);
  readonly #announced = element("span", { class: "dcs-unseen", "aria-live": "polite" });
  readonly #drawChannels;
  #layout: TileLayout | null = null;
  /** The position in the order at which the keyboard points while the atlas has the focus. */
  #cursor: number | null = null;
  #marked: number | undefined;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#drawChannels = atlasPainter(stage);
    this.#tools = atlasTools(stage, (channel) => this.#pick({ channel, place: null }));
    this.element = element(
      "section",
      { class: "dcs-atlas", "aria-label": "channels of the layer" },
      element("div", { class: "dcs-title" }, element("h3", {}, this.#label, this.#shape), this.#tools.element),
      this.#scroller,
      this.#announced,
    );
    stage.watchSize(this.#scroller);
    listen(this.#scroller, stage.signal, {
      scroll: () => {
        this.#leave();
        stage.redraw(this);
      },
    });
    listen(this.#canvas, stage.signal, {
      pointermove: (event) => this.#point(event),
      pointerleave: () => this.#leave(),
      click: (event) => {
        const pointed = this.#under(event);
        if (pointed !== null) this.#pick(pointed);
      },
      focus: () => {
        const { scene } = stage.store.state;
        this.#cursor = scene === null ? null : this.#channels(scene).indexOf(scene.view.neuron.channel);
        stage.redraw(this);
      },
      blur: () => {
        this.#cursor = null;
        stage.redraw(this);
      },
      keydown: (event) => this.#onKey(event),
    });
  }

  draw(state: State, before: State | null): void {
    const { scene } = state;
    if (scene === null) return;
    const read = (one: State): readonly unknown[] => [one.scene, one.wanted, one.hover?.neuron, one.order];
    const now = read(state);
    if (before !== null && read(before).every((value, index) => value === now[index])) return;
    this.#tools.draw(state, before);
    const { layer } = scene;
    setText(this.#label, layer.label);
    setText(this.#shape, `\u00a0· ${shapeText(layer.shape)}`);
    setAttribute(this.#label, "title", `${layer.name}: ${layer.kind}`);
    const told = `${this.#channels(scene).length} channels of ${layer.label}; arrow keys point at one, Enter picks it`;
    setAttribute(this.#canvas, "aria-label", told);
    this.#place(scene);
    if (before !== null && (before.scene?.view.layer !== scene.view.layer || before.order !== state.order))
      this.#scroller.scrollTop = 0;
    const marked = this.#stage.store.markedNeuron()?.channel;
    if (marked !== undefined && marked !== this.#marked) this.#reveal(this.#channels(scene).indexOf(marked));
    this.#marked = marked;
    this.#paint(scene, state);
  }

  #channels({ atlas }: Scene): readonly number[] {
    return orderedChannels(atlas.info, this.#stage.store.state.order);
  }

  #place(scene: Scene): void {
    const { info } = scene.atlas;
    const width = this.#scroller.clientWidth - 2 * MARGIN;
    const rows = { height: BAR_HEIGHT, width };
    this.#layout = isVector(scene.layer)
      ? { columns: 1, tile: rows, pitch: { height: BAR_HEIGHT + GAP, width: width + GAP } }
      : tileLayout(width, TILE_WISH, GAP, info);
    const total = tilesHeight(this.#channels(scene).length, this.#layout) + 2 * MARGIN;
    this.#spacer.style.height = `${total}px`;
    this.#canvas.style.height = `${Math.min(total, this.#scroller.clientHeight)}px`;
    setAttribute(this.#canvas, "data-columns", this.#layout.columns);
  }

  #paint(scene: Scene, state: State): void {
    const layout = this.#layout;
    const drawn = surface(this.#canvas);
    if (layout === null || drawn === null) return;
    const { context, height } = drawn;
    const { scrollTop } = this.#scroller;
    const first = Math.floor(scrollTop / layout.pitch.height) * layout.columns;
    const count = (Math.ceil(height / layout.pitch.height) + 1) * layout.columns;
    const placed = this.#channels(scene)
      .slice(first, first + count)
      .map((channel, index): PlacedChannel => {
        const { top, left, ...size } = tileBox(first + index, layout);
        return [channel, { top: top + MARGIN - scrollTop, left: left + MARGIN, ...size }];
      });
    this.#drawChannels(context, scene, placed);

    const { colour } = this.#stage;
    const pointed = state.hover?.neuron?.channel;
    for (const [channel, box] of placed) {
      if (channel === this.#marked) drawRing(context, box, colour("--dcs-accent"), 2, 2);
      else if (channel === pointed) drawRing(context, box, colour("--dcs-muted"), 1.5, 1.25);
    }
    const cursor = this.#cursor === null ? undefined : placed[this.#cursor - first];
    if (cursor !== undefined) drawRing(context, cursor[1], colour("--dcs-focus"), 3, 2.5);
  }

  #under(event: MouseEvent): Pointed | null {
    const { scene } = this.#stage.store.state;
    const layout = this.#layout;
    if (scene === null || layout === null) return null;
    const frame = this.#canvas.getBoundingClientRect();
    const point = {
      y: event.clientY - frame.top + this.#scroller.scrollTop - MARGIN,
      x: event.clientX - frame.left - MARGIN,
    };
    const channels = this.#channels(scene);
    const position = tileAt(point, layout, channels.length);
    const channel = position === null ? undefined : channels[position];
    if (position === null || channel === undefined) return null;
    const place = isVector(scene.layer) ? null : placeAt(point, tileBox(position, layout), scene.atlas.info);
    return { channel, place };
  }

  #point(event: PointerEvent): void {
    const { store, tooltip } = this.#stage;
    const { scene } = store.state;
    const pointed = this.#under(event);
    if (scene === null || pointed?.place === null || pointed === null) {
      this.#leave();
      return;
    }
    store.update({ hover: { neuron: { channel: pointed.channel, ...pointed.place }, pixel: null } });
    tooltip.show(describe(scene, pointed), event.clientX, event.clientY);
  }

  #leave(): void {
    const { store, tooltip } = this.#stage;
    if (store.state.hover !== null) store.update({ hover: null });
    tooltip.hide();
  }

  #pick({ channel, place }: Pointed): void {
    this.#stage.store.ask({ neuron: { channel, y: place?.y ?? null, x: place?.x ?? null } });
  }

  /** Scrolls a position of the order into sight. */
  #reveal(position: number): void {
    if (this.#layout === null || position < 0) return;
    const { top, height } = tileBox(position, this.#layout);
    const { scrollTop, clientHeight } = this.#scroller;
    const lowest = top + height + 2 * MARGIN - clientHeight;
    if (top < scrollTop || lowest > scrollTop) this.#scroller.scrollTop = top < scrollTop ? top : lowest;
  }

  #onKey(event: KeyboardEvent): void {
    const { scene } = this.#stage.store.state;
    if (scene === null || this.#layout === null || this.#cursor === null) return;
    const channels = this.#channels(scene);
    const { columns, pitch } = this.#layout;
    const page = Math.max(1, Math.floor(this.#scroller.clientHeight / pitch.height)) * columns;
    const steps = new Map([
      ["ArrowRight", 1],
      ["ArrowLeft", -1],
      ["ArrowDown", columns],
      ["ArrowUp", -columns],
      ["PageDown", page],
      ["PageUp", -page],
      ["Home", -channels.length],
      ["End", channels.length],
    ]);
    const step = steps.get(event.key);
    const picks = event.key === "Enter" || event.key === " ";
    if (step === undefined && !picks) return;
    event.preventDefault();
    event.stopPropagation();
    this.#cursor = clamp(this.#cursor + (step ?? 0), 0, channels.length - 1);
    const pointed = { channel: channels[this.#cursor] ?? 0, place: null };
    if (picks) {
      this.#pick(pointed);
      return;
    }
    this.#reveal(this.#cursor);
    setText(this.#announced, describe(scene, pointed));
    this.#stage.redraw(this);
  }
}

function describe({ atlas: { info, bytes } }: Scene, { channel, place }: Pointed): string {
  const strongest = `at most ${valueText(info.maxima[channel] ?? 0)}`;
  if (place === null) return `channel ${channel}, ${strongest}`;
  const row = Math.floor((place.y * info.tileHeight) / info.height);
  const column = Math.floor((place.x * info.tileWidth) / info.width);
  const byte = bytes[(channel * info.tileHeight + row) * info.tileWidth + column] ?? 0;
  const value = valueText((byte / 127) * channelExtent(info, channel), 2);
  return `${channel} at (${place.y}, ${place.x}) ≈ ${value}, ${strongest}`;
}
