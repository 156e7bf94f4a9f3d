/** One display of the explorer: builds the screen in an element, draws it once a frame, and clears it away. */

import { run } from "./commands";
import { element, listen, setAttribute } from "./dom";
import { commandFor, ownsKeys } from "./keys";
import { savePictures } from "./saving";
import type { State, Store } from "./store";
import { followTheme } from "./theme";
import { atlasView } from "./views/atlas";
import { comparison } from "./views/comparison";
import { header } from "./views/header";
import { helpCard } from "./views/help";
import { imageView } from "./views/image";
import { layerStrip } from "./views/layer_strip";
import { pictureParts } from "./views/picture_column";
import { pins } from "./views/pins";
import { prefetchSwitch } from "./views/prefetch_switch";
import type { Part, Stage } from "./views/stage";
import { statusLine } from "./views/status";
import { Tooltip } from "./views/tooltip";

const SUPPRESS = "data-lm-suppress-shortcuts";

/** Where a pointer must not take the focus from the root, so that the arrow keys go on moving the neuron. */
const POINTED =
  ".dcs-layers, .dcs-images, .dcs-image canvas, .dcs-atlas canvas, .dcs-panels, .dcs-segments, .dcs-chips";

/** Shows `store` in `host` until the returned function is called. */
export function mount(store: Store, host: HTMLElement): () => void {
  const ended = new AbortController();
  const { signal } = ended;
  const root = element("div", {
    class: "dcs-root",
    tabindex: 0,
    role: "region",
    "aria-label": "deconvscope explorer; press question mark for the keys",
  });
  const tooltip = new Tooltip();
  const help = helpCard(() => root.focus({ preventScroll: true }), signal);

  let drawn: State | null = null;
  let draws = 0;
  let frame: number | null = null;
  const draw = (): void => {
    frame = null;
    const { state } = store;
    for (const part of parts) part.draw(state, stale.has(part) ? null : drawn);
    stale.clear();
    drawn = state;
    draws += 1;
    tell(root, store, draws);
  };
  const request = (): void => {
    frame ??= requestAnimationFrame(draw);
  };
  const stale = new Set<Part>();
  const redrawAll = (): void => {
    drawn = null;
    request();
  };

  const sizes = new ResizeObserver(() => {
    lookAtTheme();
    redrawAll();
  });
  const stage: Stage = {
    store,
    root,
    signal,
    tooltip,
    redraw: (part) => {
      stale.add(part);
      request();
    },
    colour: (name) => getComputedStyle(root).getPropertyValue(name).trim(),
    watchSize: (target) => sizes.observe(target),
    toggleHelp: () => help.toggle(),
  };

  const [top, strip, image, atlas] = [header(stage), layerStrip(stage), imageView(stage), atlasView(stage)];
  const pictures = pictureParts(stage);
  const [compared, pinned, status] = [comparison(stage), pins(stage), statusLine(stage)];
  const ahead = prefetchSwitch(stage);
  help.element.append(ahead.element);
  const parts = [top, strip, image, atlas, ...pictures, compared, pinned, status, ahead];
  const columns = element(
    "div",
    { class: "dcs-columns" },
    image.element,
    atlas.element,
    element(
      "section",
      { class: "dcs-reconstructions", "aria-label": "reversed pictures" },
      ...pictures.map((part) => part.element),
    ),
  );
  for (const part of [top, strip]) root.append(part.element);
  root.append(columns);
  for (const part of [compared, pinned, status, help, tooltip]) root.append(part.element);

  listen(root, signal, {
    mousedown: (event) => {
      if (!(event.target instanceof Element) || event.target.closest(POINTED) === null) return;
      event.preventDefault();
      setAttribute(root, "data-pointed", true);
      root.focus({ preventScroll: true });
    },
    keydown: (event) => {
      if (event.key === "Tab") setAttribute(root, "data-pointed", false);
      const command = commandFor(event);
      if (command === null || ownsKeys(event.target, event.key)) return;
      const enlarged = store.state.enlarged !== null;
      if (command.does === "close" && !help.open && !enlarged) return;
      if (command.does === "help") help.toggle();
      else if (command.does === "save") savePictures(store.state, stage.colour);
      else if (command.does === "close" && help.open) help.close();
      else if (command.does === "close") store.update({ enlarged: null });
      else if (command.does === "pin") pinned.element.querySelector<HTMLElement>(".dcs-pin-this")?.click();
      else run(command, store);
      event.preventDefault();
      event.stopPropagation();
    },
  });

  leaveShortcuts(root, signal);
  host.classList.add("dcs-host");
  host.append(root);
  const lookAtTheme = followTheme(
    host,
    (theme) => {
      if (root.dataset.dcsTheme === theme) return;
      root.dataset.dcsTheme = theme;
      redrawAll();
    },
    signal,
  );
  window.addEventListener("resize", redrawAll, { signal }); // also when the window moves to a screen of another density
  const unsubscribe = store.subscribe(request);
  request();

  return () => {
    unsubscribe();
    ended.abort();
    sizes.disconnect();
    if (frame !== null) cancelAnimationFrame(frame);
    root.remove();
    host.classList.remove("dcs-host");
  };
}

/**
 * JupyterLab keeps its shortcuts off elements with this attribute, but all of them: Ctrl+S would open the browser's
 * dialog. So the attribute is away while such a key is handled, except where a person writes. What has the focus
 * bears it as well, because Lumino tests its selectors on the element itself before it looks at the parent.
 */
function leaveShortcuts(root: HTMLElement, signal: AbortSignal): void {
  let focused: Element = root;
  const keepOff = (keep: boolean): void => {
    for (const one of [root, focused]) setAttribute(one, SUPPRESS, keep && "true");
  };
  keepOff(true);
  listen(root, signal, {
    focusin: ({ target }) => {
      if (focused !== root) setAttribute(focused, SUPPRESS, false);
      if (target instanceof Element) focused = target;
      keepOff(true);
    },
  });
  window.addEventListener(
    "keydown",
    (event) => {
      const [target] = event.composedPath();
      if (!(event.ctrlKey || event.metaKey) || !(target instanceof Element) || !root.contains(target)) return;
      if (target.matches("input:not([type=range])")) return;
      keepOff(false);
      setTimeout(keepOff, 0, true);
    },
    { signal, capture: true },
  );
}

/** Writes on the root what is drawn, for style sheets and for tests. */
function tell(root: HTMLElement, store: Store, draws: number): void {
  const { scene, wanted, silence, failure, live } = store.state;
  setAttribute(root, "data-busy", wanted === null ? "false" : "true");
  setAttribute(root, "aria-busy", wanted === null ? "false" : "true");
  setAttribute(root, "data-kernel", silence === "no kernel" ? "absent" : null);
  setAttribute(root, "data-failed", failure !== null);
  setAttribute(root, "data-drawn", draws);
  setAttribute(root, "data-empty", scene === null);
  setAttribute(root, "data-live", live);
  if (scene === null) return;
  const { seq, layer, neuron } = scene.view;
  const place = neuron.y === null ? "" : `@${neuron.y},${neuron.x}`;
  setAttribute(root, "data-seq", seq);
  setAttribute(root, "data-neuron", `${layer}/${neuron.channel}${place}`);
}
