// @vitest-environment happy-dom
/** What a person does while something else is under way, or is no longer there. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { requestAt } from "../../src/store/requests";
import { openStore } from "../../src/store/store";
import explorerWidget from "../../src/widget";
import { answer, FakeModel } from "../sample";
import { drawn, type Shown, show, simulateCanvases } from "../shown";

beforeEach(() => void simulateCanvases());

afterEach(() => {
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("while another layer or network is on its way", () => {
  async function find(explorer: Shown, number: string): Promise<void> {
    const field = explorer.one<HTMLInputElement>(".dcs-find");
    field.value = number;
    await explorer.press("Enter", field);
  }
  const network = async (explorer: Shown): Promise<void> =>
    explorer.choose(explorer.one<HTMLSelectElement>(".dcs-models"), "alexnet");

  test("a channel that is picked is one of the layer that is drawn", async () => {
    const explorer = await show();
    await explorer.click('[data-layer="classifier"]');
    await find(explorer, "#1");
    await explorer.reply();
    expect(explorer.model.queries.map(({ layer }) => layer)).toEqual(["classifier", "features.0"]);
    expect(explorer.model.queries[1]?.neuron).toEqual({ channel: 1, y: null, x: null });
  });

  test("a channel or a layer that is picked is one of the network that is drawn", async () => {
    const explorer = await show();
    await network(explorer);
    await find(explorer, "1");
    await explorer.reply();
    expect(explorer.model.queries[1]).toMatchObject({ model: "tiny", image: "cat", layer: "features.0" });
    await explorer.reply();
    await network(explorer);
    await explorer.click('[data-layer="features.1"]');
    await explorer.reply();
    expect(explorer.model.queries.at(-1)).toMatchObject({ model: "tiny", layer: "features.1" });
  });

  test("an exemplar is one of the layer that is drawn", async () => {
    const card = { image: "exemplar:7", title: "a dog", y: 2, x: 0, value: 3.5, patch: "", picture: "" };
    const exemplars = { layer: "features.0", channel: 2, name: "DeSaliNet", images: 2000, share: 0.003, cards: [card] };
    const explorer = await show({
      _network: { ...answer()._network, exemplars: ["features.0"] },
      _exemplars: { client: "", seq: 1, ...exemplars },
    });
    await explorer.click('[data-layer="classifier"]');
    await explorer.click("[data-image]");
    await explorer.reply();
    expect(explorer.model.queries[1]).toMatchObject({ layer: "features.0", image: "exemplar:7" });
  });

  test("a key for the next layer waits for the network it steps in", async () => {
    const explorer = await show();
    await network(explorer);
    await explorer.press(".");
    expect(explorer.model.queries.map(({ model, layer }) => [model, layer])).toEqual([["alexnet", null]]);
    await explorer.reply();
    expect(explorer.model.queries.slice(1).map(({ layer }) => layer)).toEqual(["features.1"]);
  });

  test("a pointer that passes in live mode takes nothing back", async () => {
    const explorer = await show({ live: true });
    const atlas = explorer.one(".dcs-atlas canvas");
    for (const length of ["clientWidth", "clientHeight"]) Object.defineProperty(atlas, length, { value: 100 });
    atlas.getBoundingClientRect = () => ({ top: 0, left: 0, width: 100, height: 100 }) as DOMRect;
    const pass = async (clientX: number): Promise<void> => {
      atlas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY: 5 }));
      await drawn();
    };
    await pass(5);
    expect(explorer.model.queries.map(({ neuron }) => neuron)).toEqual([{ channel: 2, y: 0, x: 0 }]);
    await explorer.reply();
    await explorer.click('[data-layer="classifier"]');
    await pass(9);
    await explorer.reply();
    expect(explorer.model.queries.at(-1)).toMatchObject({ layer: "classifier", neuron: null });
  });

  test("an address names the layers of its own network", () => {
    const { _network: network, _catalog: catalog } = answer();
    const state = { shown: { network }, catalog } as Parameters<typeof requestAt>[1];
    expect(requestAt("tiny/conv1_1/7@3,3", state)?.layer).toBe("features.0");
    expect(requestAt("other/conv1_1/7@3,3", state)?.layer).toBe("conv1_1");
  });
});

describe("a person's picture", () => {
  const upload = async (): Promise<FakeModel> => {
    const model = new FakeModel();
    const store = openStore(model);
    store.subscribe(() => {});
    await drawn();
    store.upload(Uint8Array.of(1, 2, 3), "mine.png");
    await drawn();
    return model;
  };

  test("is sent, and is no longer there to be saved once it is answered for", async () => {
    const model = await upload();
    const [query] = model.queries;
    expect([model.get("_upload").byteLength, model.get("_upload_info")]).toMatchObject([3, { name: "mine.png" }]);
    expect(query?.image).toBe(`upload:${"id" in model.get("_upload_info") && model.get("_upload_info").id}`);
    model.receive(answer({ client: query?.client, seq: 1 }));
    await drawn();
    expect([model.get("_upload").byteLength, model.get("_upload_info")]).toEqual([0, {}]);
  });

  test("is no longer there where the kernel refused it", async () => {
    const model = await upload();
    model.receive({ _failure: { client: model.queries[0]?.client ?? "", seq: 1, message: "no picture" } });
    await drawn();
    expect(model.get("_upload").byteLength).toBe(0);
  });
});

describe("a view that was saved while something was computed", () => {
  const saved = { _progress: { text: "recording", fraction: 0.3, cancellable: true } };

  async function silent(traits: object): Promise<Shown> {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const model = new FakeModel({ ...answer(), ...saved });
    Object.assign(model.widget_manager.kernel, { status: "idle" });
    const explorer = await show({}, model);
    await explorer.receive(traits);
    await explorer.press("ArrowLeft");
    vi.advanceTimersByTime(60_000);
    await drawn();
    vi.useRealTimers();
    return explorer;
  }

  test("has no kernel where none answers", async () => {
    const { root } = await silent({});
    expect(root.dataset).toMatchObject({ kernel: "absent", busy: "false" });
  });

  test("has one where work goes on", async () => {
    const { root } = await silent({ _progress: { text: "recording", fraction: 0.4 } });
    expect(root.dataset).toMatchObject({ busy: "true" });
    expect(root.dataset.kernel).toBeUndefined();
  });
});

describe("pins", () => {
  const pinned = (count: number) => {
    const pins = Array.from({ length: count }, (_, x) => ({
      address: `tiny/features.0/1@0,${x}?TTT#cat`,
      ...{ title: "a cat · conv1_1", place: `1@0,${x}`, thumbnails: [] },
    }));
    return { _pins: pins, pins: pins.map(({ address }) => address) };
  };
  const pressed = (explorer: Shown): boolean[] =>
    explorer.all(".dcs-compare").map((button) => button.getAttribute("aria-pressed") === "true");

  test("that are too many are refused with a line", async () => {
    const explorer = await show(pinned(23));
    await explorer.press("p");
    expect(explorer.model.get("pins")).toHaveLength(24);
    await explorer.receive(pinned(24));
    await explorer.press("p");
    expect(explorer.model.get("pins")).toHaveLength(24);
    expect(explorer.one(".dcs-alert").textContent).toContain("24 pins");
  });

  test("are chosen for a comparison in all displays at once", async () => {
    const [model, widget] = [new FakeModel({ ...answer(), ...pinned(2) }), explorerWidget()];
    const [first, second] = [await show({}, model, widget), await show({}, model, widget)];
    first.all(".dcs-compare")[0]?.click();
    await drawn();
    expect([pressed(first), pressed(second)]).toEqual([
      [true, false],
      [true, false],
    ]);
    second.all(".dcs-compare")[1]?.click();
    await first.reply();
    expect(pressed(first)).toEqual([true, true]);
    expect(model.queries.at(-1)?.aside.compare).toEqual(model.get("pins"));
    second.all(".dcs-compare")[0]?.click();
    await drawn();
    expect(pressed(first)).toEqual([false, true]);
    expect(first.one(".dcs-comparison").hidden).toBe(true);
  });

  test("of a comparison that is closed are no longer chosen", async () => {
    const explorer = await show(pinned(2));
    for (const button of explorer.all(".dcs-compare")) button.click();
    await drawn();
    await explorer.click('[aria-label="close the comparison"]');
    expect(pressed(explorer)).toEqual([false, false]);
  });

  test("that Python removed are no half of a comparison", async () => {
    const explorer = await show(pinned(2));
    explorer.all(".dcs-compare")[1]?.click();
    await explorer.reply();
    await explorer.receive(pinned(1));
    expect(pressed(explorer)).toEqual([false]);
    await explorer.click(".dcs-compare");
    expect(explorer.model.queries.at(-1)?.aside.compare).toBeNull();
    expect(pressed(explorer)).toEqual([true]);
  });
});
