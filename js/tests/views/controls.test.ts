// @vitest-environment happy-dom
/** Lists, switches and fields, by pointer and by keys. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AtlasInfo, Traits } from "../../src/protocol/protocol";
import { answer } from "../sample";
import { drawn, type Shown, show, simulateCanvases } from "../shown";

beforeEach(() => void simulateCanvases());

afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("a list", () => {
  async function withNetworks(): Promise<readonly [Shown, HTMLSelectElement]> {
    const explorer = await show();
    const list = explorer.one<HTMLSelectElement>(".dcs-models");
    list.focus();
    return [explorer, list];
  }

  test("is taken at once by pointer, and then the keys move the neuron again", async () => {
    const [explorer, list] = await withNetworks();
    await explorer.press("ArrowDown", list);
    list.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
    await explorer.choose(list, "alexnet");
    expect(explorer.model.queries.map(({ model }) => model)).toEqual(["alexnet"]);
    expect(document.activeElement).toBe(explorer.root);
  });

  test("that keys walk through is taken with Enter", async () => {
    const [explorer, list] = await withNetworks();
    await explorer.press("ArrowDown", list);
    await explorer.choose(list, "alexnet");
    await explorer.receive(answer({ seq: 5 })); // which draws all anew
    expect([explorer.model.queries, list.value]).toEqual([[], "alexnet"]);
    await explorer.press("Enter", list);
    expect(explorer.model.queries.map(({ model }) => model)).toEqual(["alexnet"]);
    expect(document.activeElement).toBe(list);
  });

  test("that keys walked through is taken when it is left, and not where it came back", async () => {
    const [explorer, list] = await withNetworks();
    for (const value of ["alexnet", "tiny"]) {
      await explorer.press("ArrowDown", list);
      await explorer.choose(list, value);
    }
    list.blur();
    await drawn();
    expect(explorer.model.queries).toEqual([]);
    list.focus();
    await explorer.press("a", list);
    await explorer.choose(list, "alexnet");
    list.blur();
    await drawn();
    expect(explorer.model.queries.map(({ model }) => model)).toEqual(["alexnet"]);
  });
});

describe("a switch", () => {
  test("leaves the arrow keys to the neuron", async () => {
    const explorer = await show({ live: true });
    await explorer.press("ArrowLeft", explorer.one(".dcs-live input"));
    expect(explorer.model.queries.map(({ neuron }) => neuron?.x)).toEqual([2]);
  });

  test("to live mode is offered by the answer that is drawn", async () => {
    const explorer = await show();
    const offeredFor = async (milliseconds: number, seq: number): Promise<boolean> => {
      await explorer.receive({ _view: { ...answer({ seq })._view, milliseconds } });
      return !explorer.one(".dcs-live").hidden;
    };
    expect([await offeredFor(12, 2), await offeredFor(900, 3)]).toEqual([true, false]);
    await explorer.receive({ live: true });
    expect(explorer.one(".dcs-live").hidden).toBe(false);
  });

  test("says whether the kernel computes ahead", async () => {
    const explorer = await show();
    const box = explorer.one<HTMLInputElement>(".dcs-prefetch input");
    expect(box.checked).toBe(true);
    box.click();
    await drawn();
    expect([box.checked, explorer.model.get("prefetch")]).toEqual([false, false]);
    await explorer.receive({ prefetch: true });
    expect(box.checked).toBe(true);
  });
});

test("the help card gives the focus back to what opened it", async () => {
  const explorer = await show();
  const opener = explorer.one(".dcs-help-button");
  for (const [from, open] of [
    [opener, () => explorer.click(".dcs-help-button")],
    [explorer.root, () => explorer.press("?")],
  ] as const) {
    from.focus();
    await open();
    expect(document.activeElement).toBe(explorer.one(".dcs-help button"));
    await explorer.press("Escape", explorer.one(".dcs-help button"));
    expect(explorer.one(".dcs-help").hidden).toBe(true);
    expect(document.activeElement).toBe(from);
  }
});

test("a comparison says that it has no photographs to lie over", async () => {
  const pins = ["a", "b"].map((name) => ({ address: name, title: name, place: "", thumbnails: [] }));
  const explorer = await show({ _pins: pins, display: "overlay" });
  for (const button of explorer.all(".dcs-compare")) button.click();
  await drawn();
  const picture = { code: "TTT", name: "DeSaliNet", channels: 3, scale: 1, q: 1, max: 1 };
  const side = { address: "", title: "", window: { top: 0, left: 0, height: 0, width: 0 }, pictures: [picture] };
  await explorer.reply((ticket) => ({ _comparison: { ...ticket, sides: [side, side] }, display: "overlay" }));
  const told = (): string | null => explorer.one(".dcs-comparison [role=status]").textContent;
  expect(told()).toContain("as paper");
  await explorer.receive({ display: "signed" });
  expect(told()).toBe("");
});

describe("a channel's number in a layer without places", () => {
  const COUNT = 40;

  /** A vector of `COUNT` channels, each as strong as its number, but for 17, the strongest of all. */
  function vector(): Partial<Traits> {
    const { _network: network, _atlas_info: info, _view: view } = answer();
    const maxima = Array.from({ length: COUNT }, (_, channel) => (channel === 17 ? 100 : channel));
    const [, , layer] = network.layers;
    if (layer === undefined) throw new Error("no third layer");
    const atlas: AtlasInfo = {
      ...{ ...info, layer: "classifier", channels: COUNT, minima: maxima, maxima, variances: maxima },
      ...{ height: 1, width: 1, tileHeight: 1, tileWidth: 1 },
    };
    return {
      _network: { ...network, classes: null, layers: [{ ...layer, shape: [COUNT] }] },
      _atlas_info: atlas,
      _atlas: new Uint8Array(COUNT),
      _map: new Uint8Array(2),
      _view: {
        ...{ ...view, layer: "classifier", map: { height: 1, width: 1, scale: 1, min: 0, max: 1 } },
        neuron: { channel: 3, y: null, x: null, value: 3, top: 1 },
      },
    };
  }

  test.each(["7", "#7"])("finds that very one by %s, and then those that have it in theirs", async (text) => {
    const explorer = await show(vector());
    const find = explorer.one<HTMLInputElement>(".dcs-find");
    find.value = text;
    find.dispatchEvent(new Event("input"));
    await drawn();
    const found = explorer.all(".dcs-channel").map((row) => row.dataset.class);
    expect(found).toEqual(text === "7" ? ["7", "17", "37", "27"] : ["7"]);
    await explorer.press("Enter", find);
    expect(explorer.model.queries.map(({ neuron }) => neuron?.channel)).toEqual([7]);
  });
});
