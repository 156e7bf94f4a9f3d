/** The layer's channels: a tile each with its map, or a bar each where the layer has no places. Only what shows is drawn. */

import { element, setAttribute, setText, surface } from "../dom";
import { type Box, type Place, placeAt, type TileLayout, tileAt, tileBox, tileLayout, tilesHeight } from "../geometry";
import { shapeText, valueText } from "../number_text";
import { remembered } from "../remembered";
import { type Atlas, CHANNEL_ORDERS, channelExtent, isVector, orderedChannels, type Scene } from "../scene";
import type { State } from "../store";
import { paintAtlas } from "./atlas_sheet";
import type { Part, Stage } from "./stage";
import { barRange, drawBar } from "./vector_bars";

const TILE_WISH = 42;
const GAP = 5;
/** Room around the tiles for the ring of the chosen one. */
const MARGIN = 4;
const BAR_HEIGHT = 22;

export function atlasView(stage: Stage): Part {
  const { store, signal, tooltip } = stage;
  const title = element("h3");
  const canvas = element("canvas", {
    class: "dcs-canvas",
    tabindex: 0,
    role: "application",
    "aria-roledescription": "atlas of channels",
  });
  const spacer = element("div", { class: "dcs-spacer" }, canvas);
  const scroller = element("div", { class: "dcs-scroller" }, spacer);
  const announced = element("span", { class: "dcs-unseen", "aria-live": "polite" });
  const sort = element("select", {
    class: "dcs-select dcs-quiet",
    "aria-label": "order of the channels",
    title: "order of the channels",
  });
  sort.append(...CHANNEL_ORDERS.map((order) => element("option", { value: order }, order)));
  const find = element("input", {
    class: "dcs-find",
    type: "text",
    inputmode: "numeric",
    "aria-label": "find a channel by its number",
    placeholder: "find #",
    title: "Type a channel's number, Enter goes to its strongest place",
    autocomplete: "off",
  });

  /** The position in the order that the keyboard points at while the atlas has the focus. */
  let cursor: number | null = null;
  let layout: TileLayout | null = null;
  const sheetOf = remembered((atlas: Atlas) => paintAtlas(atlas));
  const rangeOf = remembered((atlas: Atlas) => barRange(atlas.info.maxima));

  const shownChannels = (scene: Scene): readonly number[] => orderedChannels(scene.atlas.info, store.state.order);
  const place = (scene: Scene): void => {
    const width = scroller.clientWidth;
    layout = layoutFor(scene, width - 2 * MARGIN);
    const total = tilesHeight(scene.atlas.info.channels, layout) + 2 * MARGIN;
    spacer.style.height = `${total}px`;
    canvas.style.height = `${Math.min(total, scroller.clientHeight)}px`;
    setAttribute(canvas, "data-columns", layout.columns);
    setAttribute(canvas, "data-pitch", layout.pitch.width.toFixed(3));
  };

  /** What lies under a point of the window: a channel, and the place of its map. */
  const under = (
    clientX: number,
    clientY: number,
  ): { position: number; channel: number; place: Place | null } | null => {
    const { scene } = store.state;
    if (scene === null || layout === null) return null;
    const frame = canvas.getBoundingClientRect();
    const point = { y: clientY - frame.top + scroller.scrollTop - MARGIN, x: clientX - frame.left - MARGIN };
    const channels = shownChannels(scene);
    const position = tileAt(point, layout, channels.length);
    const channel = position === null ? undefined : channels[position];
    if (position === null || channel === undefined) return null;
    const map = scene.atlas.info;
    return { position, channel, place: isVector(scene.layer) ? null : placeAt(point, tileBox(position, layout), map) };
  };

  const reveal = (position: number): void => {
    if (layout === null) return;
    const { top, height } = tileBox(position, layout);
    if (top < scroller.scrollTop) scroller.scrollTop = Math.max(0, top - GAP);
    else if (top + height + 2 * MARGIN > scroller.scrollTop + scroller.clientHeight)
      scroller.scrollTop = top + height + 2 * MARGIN - scroller.clientHeight;
  };

  const pick = (channel: number, at: Place | null): void => {
    store.ask({ neuron: { channel, y: at?.y ?? null, x: at?.x ?? null } });
  };

  const pointAt = (event: PointerEvent): void => {
    const found = under(event.clientX, event.clientY);
    const { scene } = store.state;
    if (found === null || scene === null) {
      leave();
      return;
    }
    const { channel, place: at } = found;
    store.update({ hover: at === null ? null : { neuron: { channel, ...at }, pixel: null } });
    tooltip.show(describe(scene, channel, at), event.clientX, event.clientY);
  };
  const leave = (): void => {
    if (store.state.hover !== null) store.update({ hover: null });
    tooltip.hide();
  };

  canvas.addEventListener("pointermove", pointAt, { signal });
  canvas.addEventListener("pointerleave", leave, { signal });
  canvas.addEventListener(
    "click",
    (event) => {
      const found = under(event.clientX, event.clientY);
      if (found !== null) pick(found.channel, found.place);
    },
    { signal },
  );
  scroller.addEventListener(
    "scroll",
    () => {
      leave();
      stage.redraw();
    },
    { signal, passive: true },
  );
  sort.addEventListener(
    "change",
    () => {
      const order = CHANNEL_ORDERS.find((name) => name === sort.value) ?? "strongest";
      store.update({ order });
      scroller.scrollTop = 0;
    },
    { signal },
  );
  find.addEventListener(
    "input",
    () => setAttribute(find, "aria-invalid", find.value !== "" && wantedChannel() === null),
    { signal },
  );
  find.addEventListener(
    "keydown",
    (event) => {
      const channel = wantedChannel();
      if (event.key !== "Enter" || channel === null) return;
      pick(channel, null);
    },
    { signal },
  );
  const wantedChannel = (): number | null => {
    const { scene } = store.state;
    const text = find.value.trim().replace(/^#/, "");
    const inside = scene !== null && /^\d+$/.test(text) && Number(text) < scene.atlas.info.channels;
    return inside ? Number(text) : null;
  };

  canvas.addEventListener("keydown", (event) => onKey(event), { signal });
  canvas.addEventListener(
    "focus",
    () => {
      // Only when reached by the keyboard: a click leaves the arrow keys to the neuron.
      if (!canvas.matches(":focus-visible")) return;
      const { scene } = store.state;
      cursor = scene === null ? null : shownChannels(scene).indexOf(scene.view.neuron.channel);
      stage.redraw();
    },
    { signal },
  );
  canvas.addEventListener(
    "blur",
    () => {
      cursor = null;
      stage.redraw();
    },
    { signal },
  );
  stage.watchSize(scroller);

  function onKey(event: KeyboardEvent): void {
    const { scene } = store.state;
    if (scene === null || layout === null || cursor === null) return;
    const channels = shownChannels(scene);
    const { columns } = layout;
    const rows = Math.max(1, Math.floor(scroller.clientHeight / layout.pitch.height));
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      PageDown: rows * columns,
      PageUp: -rows * columns,
      Home: -channels.length,
      End: channels.length,
    };
    const step = steps[event.key];
    const channel = channels[cursor];
    if (event.key === "Enter" || event.key === " ") {
      if (channel !== undefined) pick(channel, null);
    } else if (step !== undefined) {
      cursor = Math.min(channels.length - 1, Math.max(0, cursor + step));
      reveal(cursor);
      const reached = channels[cursor];
      if (reached !== undefined) setText(announced, describe(scene, reached, null));
      stage.redraw();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return {
    element: element(
      "section",
      { class: "dcs-atlas", "aria-label": "channels of the layer" },
      element("div", { class: "dcs-title" }, title, element("span", { class: "dcs-tools" }, find, sort)),
      scroller,
      announced,
    ),
    draw(state, before) {
      const { scene } = state;
      if (scene === null) return;
      const seen = (one: State | null): readonly unknown[] => [one?.scene, one?.wanted, one?.hover, one?.order];
      const now = seen(state);
      if (before !== null && seen(before).every((value, index) => value === now[index])) return;
      const { info } = scene.atlas;
      setText(title, `${scene.layer.label} · ${shapeText(scene.layer.shape)}`);
      setAttribute(title, "title", `${scene.layer.name}: ${scene.layer.kind}`);
      canvas.setAttribute(
        "aria-label",
        `${info.channels} channels of ${scene.layer.label}; arrow keys point at one, Enter picks it`,
      );
      sort.value = state.order;
      if (before?.scene?.atlas !== scene.atlas && before?.scene?.view.layer !== scene.view.layer) {
        if (before !== null) scroller.scrollTop = 0;
        find.value = "";
        setAttribute(find, "aria-invalid", false);
      }
      place(scene);
      const marked = store.markedNeuron()?.channel;
      const channels = shownChannels(scene);
      if (marked !== undefined && marked !== markedBefore) reveal(channels.indexOf(marked));
      markedBefore = marked;
      paint(scene, channels, marked, state);
    },
  };

  var markedBefore: number | undefined;

  function paint(scene: Scene, channels: readonly number[], marked: number | undefined, state: State): void {
    if (layout === null || canvas.clientWidth === 0) return;
    const context = surface(canvas, canvas.clientWidth, canvas.clientHeight);
    if (context === null) return;
    const { scrollTop } = scroller;
    const first = Math.floor(scrollTop / layout.pitch.height) * layout.columns;
    const visible = (Math.ceil(canvas.clientHeight / layout.pitch.height) + 1) * layout.columns;
    const boxes = channels.slice(first, first + visible).map((channel, index): readonly [number, Box] => {
      const box = tileBox(first + index, layout as TileLayout);
      return [channel, { ...box, top: box.top + MARGIN - scrollTop, left: box.left + MARGIN }];
    });
    if (isVector(scene.layer)) drawBars(context, scene, boxes);
    else drawTiles(context, scene, boxes);
    const pointed = state.hover?.neuron?.channel;
    for (const [channel, box] of boxes) {
      if (channel === pointed && channel !== marked) ring(context, box, stage.colour("--dcs-muted"), 1.5, 1.25);
      if (channel === marked) ring(context, box, stage.colour("--dcs-accent"), 2, 2);
    }
    const cursorBox = cursor === null ? undefined : boxes[cursor - first]?.[1];
    if (cursorBox !== undefined) ring(context, cursorBox, stage.colour("--dcs-focus"), 3, 2.5);
  }

  function drawTiles(
    context: CanvasRenderingContext2D,
    scene: Scene,
    boxes: readonly (readonly [number, Box])[],
  ): void {
    const { tileHeight, tileWidth } = scene.atlas.info;
    const { picture, position } = sheetOf(scene.atlas);
    context.save();
    context.beginPath();
    for (const [, { left, top, width, height }] of boxes) context.roundRect(left, top, width, height, 3);
    context.clip();
    for (const [channel, box] of boxes) {
      const [left, top] = position(channel);
      context.imageSmoothingEnabled = box.width * window.devicePixelRatio < tileWidth;
      context.drawImage(picture, left, top, tileWidth, tileHeight, box.left, box.top, box.width, box.height);
    }
    context.restore();
  }

  function drawBars(context: CanvasRenderingContext2D, scene: Scene, boxes: readonly (readonly [number, Box])[]): void {
    const { fontFamily } = getComputedStyle(canvas);
    const colours = {
      text: stage.colour("--dcs-text"),
      muted: stage.colour("--dcs-muted"),
      track: stage.colour("--dcs-sunken"),
      bar: stage.colour("--dcs-bar"),
      font: `12px ${fontFamily}`,
    };
    for (const [channel, box] of boxes)
      drawBar(context, box, channel, scene.atlas.info.maxima[channel] ?? 0, rangeOf(scene.atlas), colours);
  }
}

function layoutFor(scene: Scene, width: number): TileLayout {
  if (!isVector(scene.layer)) return tileLayout(width, TILE_WISH, GAP, scene.atlas.info);
  return {
    columns: 1,
    tile: { height: BAR_HEIGHT, width },
    pitch: { height: BAR_HEIGHT + GAP, width: width + GAP },
  };
}

function describe(scene: Scene, channel: number, at: Place | null): string {
  const { info, bytes } = scene.atlas;
  const strongest = valueText(info.maxima[channel] ?? 0);
  if (isVector(scene.layer)) return `channel ${channel} = ${strongest}`;
  if (at === null) return `channel ${channel}, at most ${strongest}`;
  const row = Math.floor((at.y * info.tileHeight) / info.height);
  const column = Math.floor((at.x * info.tileWidth) / info.width);
  const byte = bytes[(channel * info.tileHeight + row) * info.tileWidth + column] ?? 0;
  const value = (byte / 127) * channelExtent(info, channel);
  return `${channel} at (${at.y}, ${at.x}) ≈ ${valueText(value, 2)}, at most ${strongest}`;
}

function ring(context: CanvasRenderingContext2D, box: Box, colour: string, distance: number, width: number): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  context.roundRect(box.left - distance, box.top - distance, box.width + 2 * distance, box.height + 2 * distance, 4);
  context.stroke();
}
