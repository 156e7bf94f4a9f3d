/** One display of the explorer: renders the views once a frame. */

import { type Child, h, plain, render, setAttribute, type Tree, take } from "./dom";
import { run } from "./store/commands";
import { commandFor, ownsKeys } from "./store/keys";
import { prefetching } from "./store/prefetch";
import type { State } from "./store/state";
import type { Store } from "./store/store";
import { hostTheme, type Theme, watchTheme } from "./theme";
import { atlasView } from "./views/atlas/atlas";
import type { Component, ViewServices } from "./views/component";
import { modeBar, pictureControls } from "./views/display_controls";
import { exemplarStrip } from "./views/exemplars";
import { header } from "./views/header";
import { helpCard } from "./views/help";
import { imageView } from "./views/image";
import { layerStrip } from "./views/layer_strip";
import { comparison } from "./views/pictures/comparison";
import { layerTrace } from "./views/pictures/layer_trace";
import { reconstructions } from "./views/pictures/reconstructions";
import { savePictures } from "./views/pictures/saving";
import { pins, pinThis } from "./views/pins";
import { statusLine } from "./views/status";
import { uploadHandlers } from "./views/uploads";

const SUPPRESS = "data-lm-suppress-shortcuts";

/** A press here leaves the focus with the root, so that the arrow keys go on moving the neuron. */
const POINTED = "canvas, [role=radio], [aria-pressed], .dcs-exemplars";

/** Shows `store` in `host` until the returned function is called. */
export const mount = (store: Store, host: HTMLElement): (() => void) => {
  const ended = new AbortController();
  const { signal } = ended;
  const root = document.createElement("div");
  root.className = "dcs-root";
  let frame = 0;
  let draws = 0;
  /** Whether to paint everything, not only what has changed. */
  let anew = true;
  let density = 0;
  let theme: Theme = "light";
  let help = false;
  /** What had the focus before the help card opened. */
  let opener: HTMLElement = root;
  let dropping = false;
  let pointed = false;
  let tip: readonly [text: string, style: string] | null = null;

  const redraw = (): void => {
    frame ||= requestAnimationFrame(draw);
  };
  const redrawAll = (): void => {
    anew = true;
    redraw();
  };
  const sizes = new ResizeObserver(redrawAll);
  const focus = (): void => root.focus({ preventScroll: true });
  const colour = (name: string): string => getComputedStyle(root).getPropertyValue(name).trim();
  /** Saves the current state, which may not be drawn yet. */
  const save = (): void => {
    if (frame > 0) {
      cancelAnimationFrame(frame);
      draw();
    }
    savePictures(store.state, root, colour);
  };
  const toggleHelp = (): void => {
    help = !help;
    if (help) opener = root.querySelector<HTMLElement>(":focus") ?? root;
    else opener.focus({ preventScroll: true });
    redraw();
  };
  const services: ViewServices = {
    store,
    redraw,
    colour,
    focus,
    watchSize: (target) => sizes.observe(target),
    tip: (text, at) => {
      const { left, top } = root.getBoundingClientRect();
      tip = at && text ? [text, `--dcs-x: ${at.clientX - left}px; --dcs-y: ${at.clientY - top}px`] : null;
      redraw();
    },
  };

  const views = screen(services, save, toggleHelp);
  const idle = (): boolean => !store.state.requested && store.state.outage === "none";
  const prefetch = prefetching(store.sendHover, () => store.state.prefetch && idle());
  const dropHandlers = uploadHandlers(store, (above) => {
    dropping = above;
    redraw();
  });

  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "Tab") {
      pointed = false;
      redraw();
    }
    const command = commandFor(event);
    if (!command || ownsKeys(event.target, event.key)) return;
    const [name] = command;
    if (name === "close" && !help && store.state.enlarged === null) return;
    if (name === "help" || (name === "close" && help)) toggleHelp();
    else if (name === "close") store.update({ enlarged: null });
    else run(command, store, { pin: () => pinThis(store), save });
    take(event);
  };

  const tree = (state: State): Tree =>
    h(
      root,
      {
        tabIndex: 0,
        role: "region",
        spellcheck: false,
        label: "deconvscope explorer; ? shows the keys",
        ...rootAttributes(state),
        [SUPPRESS]: "true",
        "data-drawn": draws,
        "data-dcs-theme": theme,
        "data-pointed": pointed,
        "data-dropping": dropping,
        onmousedown: (event) => {
          if (!(event.target instanceof Element) || !event.target.closest(POINTED)) return;
          event.preventDefault();
          if (!pointed) redraw();
          pointed = true;
          focus();
        },
        onkeydown: onKey,
        ...dropHandlers,
      },
      views(state),
      helpCard(help, toggleHelp),
      h(".tooltip", { hidden: !tip, style: tip?.[1] ?? "", "aria-hidden": true }, tip?.[0]),
    );

  const draw = (): void => {
    frame = 0;
    draws += 1;
    const now = hostTheme(host);
    anew ||= now !== theme || density !== devicePixelRatio;
    density = devicePixelRatio; // no event reports another screen everywhere
    theme = now;
    prefetch.point(store.state.hover?.neuron ?? null);
    render(root, tree(store.state), anew);
    anew = false;
  };

  leaveShortcuts(root, signal);
  host.classList.add("dcs-host");
  host.append(root);
  sizes.observe(root);
  watchTheme(redrawAll, signal); // while hosts exchange style sheets there may be nothing to paint on
  addEventListener("resize", redraw, { signal }); // most windows that move to a screen of another density
  const unsubscribe = store.subscribe(redraw);
  redraw();

  return () => {
    unsubscribe();
    ended.abort();
    prefetch.stop();
    sizes.disconnect();
    cancelAnimationFrame(frame);
    frame = -1; // draws no more
    root.remove();
  };
};

const screen = (services: ViewServices, save: () => void, toggleHelp: () => void): Component => {
  const { store } = services;
  const above = [header(services, toggleHelp), layerStrip(services)];
  const maps = [imageView(services), atlasView(services)];
  const pictures = [modeBar(services, save), reconstructions(services), pictureControls(store), layerTrace(services)];
  const below = [exemplarStrip(store), comparison(store), pins(services), statusLine(services)];
  return (state) => {
    const all = (components: readonly Component[]): Child[] => components.map((component) => component(state));
    const section = h("section.reconstructions", { label: "reversed pictures" }, all(pictures));
    return [all(above), plain(".columns", all(maps), section), all(below)];
  };
};

/**
 * JupyterLab keeps all its shortcuts off elements with this attribute, so that Ctrl+S would open the browser's dialog.
 * So the attribute is removed while such a key is handled, except where a person writes. The focused element has it as
 * well, because Lumino tests its selectors on the element itself before it looks at the parent.
 */
const leaveShortcuts = (root: HTMLElement, signal: AbortSignal): void => {
  const listener = (event: KeyboardEvent): void => {
    const [target] = event.composedPath();
    if (!(target instanceof Element) || !root.contains(target)) return;
    const leave = (event.ctrlKey || event.metaKey) && !target.matches("input:not([type=range])");
    for (const one of [root, target]) setAttribute(one, SUPPRESS, leave ? null : "true");
  };
  addEventListener("keydown", listener, { signal, capture: true });
};

/**
 * What is drawn, to be read from outside by tests and style sheets:
 * - the root `.dcs-root`: data-seq, data-neuron (`layer/channel@y,x`), data-busy, data-drawn (frames drawn),
 *   data-empty, data-kernel="absent", data-live;
 * - pictures: `canvas[data-code]`, `.dcs-meter[data-code]` with data-value, `canvas[data-random=CODE]`,
 *   `canvas[data-edges]`; the layer trace: `.dcs-way-back canvas[data-layer]`;
 * - `.dcs-pins .dcs-pin[data-address]`, `.dcs-comparison canvas[data-side]`, `.dcs-classes button[data-class]`,
 *   `.dcs-layer[data-layer]`, `.dcs-search input`, `.dcs-image input[type=range]`, `.dcs-image` with data-field
 *   (top,left,height,width of the receptive field) and data-support (of the pictures' non-zero part);
 * - `.dcs-exemplars button[data-image]`, `.dcs-image canvas[data-segmentation]`;
 * - `.dcs-live input`, `.dcs-prefetch input`, `.dcs-enlarged > p` (what a rectifier stopped), `.dcs-comparison
 *   [role=status]` (what is not as displayed), `.dcs-segment[aria-disabled]` (a click says what is missing).
 */
const rootAttributes = ({ shown, requested, outage, live }: State) => {
  const { seq, layer, neuron } = shown?.view ?? {};
  const place = neuron?.y == null ? "" : `@${neuron.y},${neuron.x}`;
  return {
    "data-busy": String(requested !== null),
    "aria-busy": requested !== null,
    "data-kernel": outage === "no kernel" ? "absent" : null,
    "data-empty": !shown,
    "data-live": live,
    "data-seq": seq,
    "data-neuron": neuron && `${layer}/${neuron.channel}${place}`,
  };
};
