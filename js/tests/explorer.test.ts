// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import explorerWidget from "../src/widget";
import { answer, FakeModel } from "./sample";
import { drawn, simulateCanvases } from "./shown";

let host: HTMLElement;
let added: { readonly target: EventTarget; readonly signal: AbortSignal | undefined }[];

beforeEach(() => {
  simulateCanvases();
  added = [];
  let eventTarget: EventTarget = HTMLElement.prototype;
  while (!Object.hasOwn(eventTarget, "addEventListener")) eventTarget = Object.getPrototypeOf(eventTarget);
  const add = eventTarget.addEventListener;
  vi.spyOn(eventTarget, "addEventListener").mockImplementation(function (this: EventTarget, type, listener, options) {
    const signal = typeof options === "object" ? options.signal : undefined;
    // Not counted: media queries, because happy-dom hands their signals on to nobody.
    if (this instanceof Node || this === window) added.push({ target: this, signal });
    add.call(this, type, listener, options);
  });
  document.body.replaceChildren();
  host = document.createElement("div");
  document.body.append(host);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

interface Shown {
  readonly model: FakeModel;
  readonly unmount: () => void;
  readonly root: HTMLElement;
}

async function show(model = new FakeModel(), el = host, widget = explorerWidget()): Promise<Shown> {
  widget.initialize({ model });
  const unmount = widget.render({ model, el });
  await drawn();
  return { model, unmount, root: one(el, ".dcs-root") };
}

function one(within: ParentNode, selector: string): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (found === null) throw new Error(`no ${selector}`);
  return found;
}

function press(target: HTMLElement, key: string): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  target.dispatchEvent(event);
  return event;
}

describe("a display", () => {
  test("draws the saved view, names it on its root and in words", async () => {
    const { root } = await show();
    expect(root.dataset).toMatchObject({ seq: "1", busy: "false", neuron: "features.0/2@1,3", dcsTheme: "light" });
    expect(root.getAttribute("data-lm-suppress-shortcuts")).toBe("true");
    expect(one(root, ".dcs-status").textContent).toContain("neuron 2 at (1, 3) = 4top 25 % of this channel here");
    expect(one(root, ".dcs-cost").textContent).toBe("41 ms · CPU · float32");
    expect([...root.querySelectorAll(".dcs-panel figcaption")].map(({ textContent }) => textContent)).toEqual([
      "DeConvNet±2",
      "DeSaliNetzero everywhere",
    ]);
    const picture = root.querySelector<HTMLCanvasElement>('canvas[data-code="TTT"]');
    expect([picture?.width, picture?.height]).toEqual([2, 3]);
    expect(one(root, ".dcs-badge").hidden).toBe(false);
  });

  test("says in the status line what is otherwise on this machine, and why on its title", async () => {
    const { root, model } = await show();
    const differences = [{ label: "sums in float32", reason: "no bfloat16 arithmetic here" }];
    const sent = answer({ seq: 5 });
    model.receive({
      ...sent,
      _network: { ...sent._network, precision: "bfloat16", differences, fallbacks: ["gate.mul"] },
    });
    await drawn();
    const cost = one(root, ".dcs-cost");
    expect(cost.textContent).toBe("41 ms · CPU · bfloat16 · sums in float32 · ⚠ 1 without a rule");
    expect(cost.title.split("\n")).toEqual([
      "sums in float32: no bfloat16 arithmetic here",
      "rectifiers by plain gradient:",
      "gate.mul",
    ]);
  });

  test("shows text from outside as text", async () => {
    const { root } = await show();
    expect(root.querySelector("img[onerror]")).toBeNull();
    expect(one(root, '[data-layer="features.1"]').textContent).toBe("…ror=alert(1)>");
  });

  test("says so where there is no answer yet", async () => {
    const { root } = await show(new FakeModel({}));
    expect(root.hasAttribute("data-empty")).toBe(true);
    expect(one(root, ".dcs-work").textContent).toContain("waiting for the first pictures");
  });

  test("keeps the view where an answer is broken, and says what is wrong", async () => {
    const { root, model } = await show();
    model.receive({
      _view: { ...answer({ seq: 2 })._view, window: { top: 0, left: 0, height: 9, width: 9 } },
    });
    await drawn();
    expect(root.dataset.seq).toBe("1");
    expect(one(root, ".dcs-alert").textContent).toContain("does not fit together");
    model.receive(answer({ seq: 3 }));
    await drawn();
    expect(root.dataset.seq).toBe("3");
    expect(one(root, ".dcs-alert").hidden).toBe(true);
  });
});

describe("asking", () => {
  test("a layer's bar asks for its strongest neuron, with all else as it is", async () => {
    const { root, model } = await show();
    one(root, '[data-layer="classifier"]').click();
    await drawn();
    expect(model.queries.length).toBe(1);
    expect(model.queries[0]).toMatchObject({
      seq: 1,
      model: "tiny",
      image: "cat",
      layer: "classifier",
      neuron: null,
      architectures: ["FTT", "TTT"],
    });
    expect(root.dataset.busy).toBe("true");
  });

  test("quick arrow keys add up to one complete query", async () => {
    const { root, model } = await show();
    press(root, "ArrowLeft");
    press(root, "ArrowLeft");
    press(root, "ArrowDown");
    await drawn();
    expect(model.queries.map(({ neuron }) => neuron)).toEqual([{ channel: 2, y: 2, x: 1 }]);
  });

  test("the answer to one's own query is drawn, and the request that waited goes out", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }); // a slow machine must not end the wait
    const { root, model } = await show();
    press(root, "ArrowLeft");
    await drawn();
    press(root, "ArrowLeft");
    await drawn();
    const client = model.queries[0]?.client ?? "";
    model.receive(answer({ client, seq: 1, x: 2 }));
    await drawn();
    expect(root.dataset).toMatchObject({ neuron: "features.0/2@1,2", busy: "true" });
    expect(model.queries.map(({ neuron }) => neuron?.x)).toEqual([2, 1]);
    model.receive(answer({ client, seq: 2, x: 1 }));
    await drawn();
    expect(root.dataset).toMatchObject({ neuron: "features.0/2@1,1", busy: "false" });
    vi.useRealTimers();
  });

  test("a failure is shown, and the view stays", async () => {
    const { root, model } = await show();
    press(root, "m");
    await drawn();
    model.receive({ _failure: { client: model.queries[0]?.client ?? "", seq: 1, message: "no <b>such</b> layer" } });
    await drawn();
    expect(one(root, ".dcs-alert").textContent).toBe("no <b>such</b> layer");
    expect(root.dataset).toMatchObject({ busy: "false", neuron: "features.0/2@1,3" });
  });

  test("brackets step through the atlas's order, commas through the layers", async () => {
    const { root, model } = await show();
    press(root, "]");
    await drawn();
    expect(model.queries.at(-1)?.neuron).toEqual({ channel: 1, y: 1, x: 3 });
    model.receive(answer({ client: model.queries[0]?.client ?? "", seq: 1, channel: 1 }));
    await drawn();
    press(root, ".");
    await drawn();
    expect(model.queries.at(-1)).toMatchObject({ layer: "features.1", neuron: null });
  });

  test("keys in a field write, and keys that mean nothing stay the host's", async () => {
    const { root, model } = await show();
    expect(press(one(root, ".dcs-find"), "m").defaultPrevented).toBe(false);
    expect(press(root, "Escape").defaultPrevented).toBe(false);
    expect(press(root, "x").defaultPrevented).toBe(false);
    await drawn();
    expect(model.queries).toEqual([]);
  });

  test("shortcuts with Ctrl are left to JupyterLab, those of single keys and of fields are not", async () => {
    const { root } = await show();
    const suppressed: boolean[] = [];
    const asLabSees = (): void => void suppressed.push(root.hasAttribute("data-lm-suppress-shortcuts"));
    document.addEventListener("keydown", asLabSees, { capture: true });
    for (const [target, key, ctrlKey] of [
      [root, "m", false],
      [root, "s", true],
      [one(root, ".dcs-address"), "v", true],
    ] as const) {
      target.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true }));
      await new Promise((done) => setTimeout(done, 5));
    }
    document.removeEventListener("keydown", asLabSees, { capture: true });
    expect(suppressed).toEqual([true, false, true]);
    expect(root.getAttribute("data-lm-suppress-shortcuts")).toBe("true");
  });

  test("what has the focus keeps JupyterLab's shortcuts off itself as well", async () => {
    const { root } = await show();
    const slider = one(root, ".dcs-gain input");
    const suppressed = (press: KeyboardEventInit): boolean => {
      slider.dispatchEvent(new KeyboardEvent("keydown", { ...press, bubbles: true }));
      return slider.hasAttribute("data-lm-suppress-shortcuts");
    };
    expect(suppressed({ key: "ArrowRight" })).toBe(true);
    expect(suppressed({ key: "s", ctrlKey: true })).toBe(false);
    expect(suppressed({ key: "m" })).toBe(true);
  });

  test("a channel found by number is asked for at its strongest place", async () => {
    const { root, model } = await show();
    const find = one(root, ".dcs-find") as HTMLInputElement;
    for (const [text, invalid] of [
      ["7", true],
      ["#1", false],
    ] as const) {
      find.value = text;
      find.dispatchEvent(new Event("input"));
      await drawn();
      expect(find.hasAttribute("aria-invalid")).toBe(invalid);
      press(find, "Enter");
    }
    await drawn();
    expect(model.queries.map(({ neuron }) => neuron)).toEqual([{ channel: 1, y: null, x: null }]);
  });

  test("a pasted address goes there, what is none is refused", async () => {
    const { root, model } = await show();
    const field = one(root, ".dcs-address") as HTMLInputElement;
    field.value = "nonsense";
    press(field, "Enter");
    await drawn();
    expect(one(root, ".dcs-alert").textContent).toContain("“nonsense” is no address");
    field.value = "tiny/conv1_1/0@2,2?DeSaliNet";
    press(field, "Enter");
    await drawn();
    expect(model.queries).toHaveLength(1);
    expect(model.queries[0]).toMatchObject({
      layer: "features.0",
      neuron: { channel: 0, y: 2, x: 2 },
      architectures: ["TTT"],
      image: "cat",
    });
  });

  test("architectures are put in and taken out, and one always stays", async () => {
    const { root, model } = await show();
    const chips = [...root.querySelectorAll<HTMLButtonElement>(".dcs-chip")];
    expect(chips.map(({ textContent }) => textContent)).toEqual(["DeConvNet", "DeSaliNet", "FTF"]);
    chips[2]?.click();
    chips[0]?.click();
    chips[1]?.click();
    chips[2]?.click();
    await drawn();
    expect(model.queries.map(({ architectures }) => architectures)).toEqual([["FTF"]]);
  });

  test("display, gain and zoom ask nothing", async () => {
    const { root, model } = await show();
    for (const name of ["signed: linear, grey at zero", "whole image"]) one(root, `[aria-label="${name}"]`).click();
    await drawn();
    expect(model.queries).toEqual([]);
    expect(model.get("display")).toBe("signed");
    expect(root.querySelector<HTMLCanvasElement>('canvas[data-code="TTT"]')?.width).toBe(4);
  });
});

describe("displays of one widget", () => {
  test("show one state", async () => {
    const [model, widget, second] = [new FakeModel(), explorerWidget(), document.createElement("div")];
    document.body.append(second);
    const first = await show(model, host, widget);
    const other = await show(model, second, widget);
    one(other.root, '[aria-label="whole image"]').click();
    press(other.root, "ArrowUp");
    await drawn();
    expect(one(first.root, '[aria-label="whole image"]').getAttribute("aria-checked")).toBe("true");
    expect(first.root.dataset.busy).toBe("true");
    expect(model.queries.length).toBe(1);
  });

  test("of two widgets share nothing", async () => {
    const second = document.createElement("div");
    document.body.append(second);
    const [first, other] = [await show(), await show(new FakeModel(), second)];
    press(first.root, "ArrowUp");
    await drawn();
    expect(other.model.queries).toEqual([]);
    expect(other.root.dataset.busy).toBe("false");
  });

  test("leave no listener and no element behind, in whatever order they end", async () => {
    const [model, widget, second] = [new FakeModel(), explorerWidget(), document.createElement("div")];
    const first = await show(model, host, widget);
    const other = await show(model, second, widget);
    expect(model.listening).toBeGreaterThan(0);
    press(first.root, "ArrowUp");
    first.unmount();
    expect(host.childElementCount).toBe(0);
    expect(model.listening).toBeGreaterThan(0);
    other.unmount();
    other.unmount();
    expect(model.listening).toBe(0);
    expect(added.length).toBeGreaterThan(1);
    expect(added.filter(({ signal }) => signal === undefined || !signal.aborted)).toEqual([]);
  });

  test("end by the host's signal as well", async () => {
    const [model, ending] = [new FakeModel(), new AbortController()];
    explorerWidget().render({ model, el: host, signal: ending.signal });
    await drawn();
    ending.abort();
    expect(host.childElementCount).toBe(0);
    expect(model.listening).toBe(0);
  });

  test("shown again after all were closed draw the newest view", async () => {
    const [model, widget] = [new FakeModel(), explorerWidget()];
    (await show(model, host, widget)).unmount();
    model.receive(answer({ seq: 8 }));
    const { root } = await show(model, host, widget);
    expect(root.dataset.seq).toBe("8");
  });
});
