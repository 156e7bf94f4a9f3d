// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Catalog, QueryId, Traits } from "../../src/protocol/protocol";
import { answer, type FakeModel, inLargerBuffer } from "../sample";
import { drawn, show as mounted, type Shown, simulateCanvases } from "../shown";

let explorer: Shown;
let written: string[];

beforeEach(() => {
  written = simulateCanvases();
});

afterEach(() => {
  explorer.unmount();
  document.body.replaceChildren();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function show(traits: Partial<Traits> = {}): Promise<FakeModel> {
  explorer = await mounted(traits);
  return explorer.model;
}

const all = <Kind extends HTMLElement = HTMLElement>(selector: string): Kind[] => explorer.all<Kind>(selector);
const one = <Kind extends HTMLElement = HTMLElement>(selector: string): Kind => explorer.one<Kind>(selector);

function button(text: string): HTMLElement {
  const found = all("button").find(({ textContent }) => textContent === text);
  if (found === undefined) throw new Error(`no button ${text}`);
  return found;
}

function press(target: HTMLElement, key: string): void {
  target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

/** Answers the newest query with its own place, and whatever stands beside it. */
const reply = (beside?: (ticket: QueryId) => Partial<Traits>): Promise<void> => explorer.reply(beside);

describe("the meter", () => {
  test("tells the similarity to others and how many there were, and waits until there are any", async () => {
    const model = await show();
    expect(all(".dcs-meter").map(({ textContent }) => textContent)).toEqual(["like others’ …", "like others’ …"]);
    model.receive({ _meters: { client: "", seq: 1, samples: 12, similarities: [0.7123, null] } });
    await drawn();
    expect(all(".dcs-meter").map(({ textContent }) => textContent)).toEqual([
      "like others’ 0.71of 12",
      "like others’ –",
    ]);
    expect(one('.dcs-meter[data-code="FTT"]').dataset.value).toBe("0.7123");
    expect(one('.dcs-meter[data-code="TTT"]').dataset.value).toBe("");
  });

  test("does not wait where there is nobody to compare with", async () => {
    const model = await show();
    model.receive({ _meters: { client: "", seq: 1, samples: 0, similarities: [null, null] } });
    await drawn();
    expect(one(".dcs-meter").textContent).toBe("like others’ –");
  });

  test("of another view is not shown", async () => {
    const model = await show();
    model.receive({ _meters: { client: "", seq: 2, samples: 12, similarities: [0.5, 0.5] } });
    await drawn();
    expect(one(".dcs-meter").textContent).toBe("like others’ …");
  });

  test("does not round up to the same picture", async () => {
    const model = await show();
    model.receive({ _meters: { client: "", seq: 1, samples: 9, similarities: [0.997, -0.058] } });
    await drawn();
    expect(all(".dcs-meter").map(({ textContent }) => textContent)).toEqual([
      "like others’ 0.99of 9",
      "like others’ −0.05of 9",
    ]);
  });

  test("is explained by a notebook, with a link where it lies beside this one", async () => {
    const model = await show();
    expect(one(".dcs-note").textContent).toContain("example notebook 09");
    expect(all("a[href]")).toEqual([]);
    model.receive({ _catalog: { ...(answer()._catalog as Catalog), notebook: "09.ipynb" } });
    await drawn();
    expect(one<HTMLAnchorElement>(".dcs-note a").getAttribute("href")).toBe("09.ipynb");
  });
});

test("random weights are asked for, awaited in their place, and drawn below", async () => {
  const model = await show();
  button("random weights").click();
  await drawn();
  expect(model.queries.at(-1)?.aside.random).toBe(true);
  expect(button("random weights").getAttribute("aria-pressed")).toBe("true");
  expect(all("canvas[data-random]").map((canvas) => canvas.dataset.random)).toEqual(["FTT", "TTT"]);
  expect(all("[data-waiting] canvas[data-random]")).toHaveLength(2);
  const window = { top: 0, left: 0, height: 1, width: 2 };
  const pictures = ["FTT", "TTT"].map((code) => ({ code, name: code, channels: 3, scale: 3, q: 1, max: 3 }));
  await reply((ticket) => ({
    _random: { ...ticket, window, pictures },
    _random_pictures: inLargerBuffer(new Array(12).fill(9)),
  }));
  expect(all("[data-waiting] canvas[data-random]")).toHaveLength(0);
  expect(all(".dcs-panel figcaption").map(({ textContent }) => textContent)).toContain("random weights±3");
});

test("edges ask nothing, and stand beside the pictures", async () => {
  const model = await show();
  button("edges").click();
  await drawn();
  expect(model.queries).toEqual([]);
  expect(one("canvas[data-edges]").getAttribute("aria-label")).toMatch(/^edges of the photograph: 0 … /);
  expect(one(".dcs-panels").dataset.panels).toBe("3");
  button("edges").click();
  await drawn();
  expect(all("canvas[data-edges]")).toEqual([]);
});

describe("the cursor", () => {
  const readings = (): (string | null)[] =>
    all(".dcs-reading")
      .filter(({ hidden }) => !hidden)
      .map(({ textContent }) => textContent?.replaceAll("\u00a0", " ") ?? null);

  test("moves with the arrow keys in all pictures, says what lies there, and leaves the neuron alone", async () => {
    const model = await show();
    const panels = one(".dcs-panels");
    panels.focus();
    await drawn();
    // The window has 3 × 2 pixels from (0, 2), all of them the byte 5
    expect(all(".dcs-cursor").map(({ hidden }) => hidden)).toEqual([false, false]);
    press(panels, "ArrowUp");
    press(panels, "ArrowUp");
    await drawn();
    expect(readings()).toEqual(["R +4.8e−6 G +4.8e−6 B +4.8e−6", "R 0 G 0 B 0"]);
    expect(one("p.dcs-unseen").textContent).toContain("row 0, column 3: DeConvNet R");
    expect(one(".dcs-cursor").style.cssText).toContain("0% auto auto 50%");
    expect(model.queries).toEqual([]);
    panels.blur();
    await drawn();
    expect(readings()).toEqual([]);
  });

  test("follows the pointer, and stays where a finger was lifted", async () => {
    await show();
    const canvas = one('canvas[data-code="FTT"]');
    canvas.getBoundingClientRect = () => ({ top: 0, left: 0, width: 200, height: 300 }) as DOMRect;
    const pointer = (type: string, pointerType: string): void => {
      canvas.dispatchEvent(new PointerEvent(type, { clientX: 150, clientY: 250, pointerType, bubbles: true }));
    };
    pointer("pointermove", "mouse");
    await drawn();
    expect(all(".dcs-cursor").map(({ style }) => style.cssText)).toEqual(
      expect.arrayContaining([expect.stringContaining("50%"), expect.stringContaining("66.6")]),
    );
    pointer("pointerleave", "mouse");
    await drawn();
    expect(readings()).toEqual([]);
    pointer("pointerdown", "touch");
    pointer("pointerleave", "touch");
    await drawn();
    expect(readings()).toHaveLength(2);
  });
});

describe("the way back", () => {
  const step = (name: string, kind: string) => ({
    ...{ name, label: name, kind, top: 0, left: 0, height: 1, width: 2, rows: 1, columns: 2, signal: 1, activation: 7 },
    ...(kind === "rectifier" ? { energy: 8, masks: true } : { energy: 2, masks: false }),
  });

  async function opened(): Promise<FakeModel> {
    const model = await show();
    button("way back").click();
    await drawn();
    await reply((ticket) => ({
      _way_back: {
        ...ticket,
        code: "TTT",
        steps: [step("features.1", "rectifier"), step("features.0", "convolution")],
      },
      _way_back_maps: inLargerBuffer([200, 100, 1, 2, 100, 50, 3, 4]),
    }));
    return model;
  }

  test("is asked of DeSaliNet first, and of another on choice", async () => {
    const model = await opened();
    expect(model.queries.at(-1)?.aside.wayBack).toBe("TTT");
    expect(all(".dcs-way-back canvas[data-layer]").map(({ dataset }) => dataset.layer)).toEqual([
      "features.1",
      "features.0",
    ]);
    const select = one<HTMLSelectElement>(".dcs-way-back select");
    select.value = "FTT";
    select.dispatchEvent(new Event("change"));
    await drawn();
    expect(model.queries.at(-1)?.aside.wayBack).toBe("FTT");
    expect(one(".dcs-way-back").hasAttribute("data-waiting")).toBe(true);
  });

  test("enlarges a step, another by arrow key, and Escape closes it wherever the focus is", async () => {
    await opened();
    const card = (): string => all(".dcs-enlarged").join() && (one(".dcs-enlarged").textContent ?? "");
    expect(card()).toBe("");
    all(".dcs-step")[0]?.click();
    await drawn();
    expect(card()).toContain("features.1");
    expect(card()).toContain("activation, up to 7");
    expect(card()).toContain("stopped by this rectifier: 75 % of the signal’s energy");
    press(all(".dcs-step")[0] ?? explorer.root, "ArrowRight");
    await drawn();
    expect(card()).toContain("both");
    expect(document.activeElement).toBe(all(".dcs-step")[1]);
    press(explorer.root, "Escape");
    await drawn();
    expect(card()).toBe("");
  });

  test("is put away again", async () => {
    const model = await opened();
    button("way back").click();
    await drawn();
    expect(model.queries.at(-1)?.aside.wayBack).toBeNull();
    expect(one(".dcs-way-back").hidden).toBe(true);
  });
});

describe("exemplars", () => {
  const network = { ...answer()._network, exemplars: ["features.0"] };
  const card = { title: "a dog", y: 2, x: 0, value: 3.5, patch: "data:,a", picture: "data:,b" };

  test("stand below for layers that have them, and a click asks for the same channel there", async () => {
    const model = await show({ _network: network });
    expect(one(".dcs-exemplars").dataset.waiting).toBe("");
    model.receive({
      _exemplars: {
        ...{ client: "", seq: 1, layer: "features.0", channel: 2, name: "DeSaliNet", images: 2000, share: 0.003 },
        cards: [{ ...card, image: "exemplar:7" }],
      },
    });
    await drawn();
    expect(one(".dcs-status").textContent).toContain("top 0.3 % over 2,000 images");
    const button = one(".dcs-exemplars button[data-image]");
    expect(button.getAttribute("aria-label")).toBe("a dog: 3.5");
    button.click();
    await drawn();
    expect(model.queries.at(-1)).toMatchObject({
      image: "exemplar:7",
      layer: "features.0",
      neuron: { channel: 2, y: 2, x: 0 },
    });
  });

  test("are put away by their toggle, which other layers lack", async () => {
    const model = await show({ _network: network });
    button("exemplars").click();
    await drawn();
    expect(model.queries.at(-1)?.aside.exemplars).toBe(false);
    expect(all(".dcs-exemplars")).toEqual([]);
    explorer.unmount();
    await show();
    expect(all("button").some(({ textContent }) => textContent === "exemplars")).toBe(false);
  });
});

test("a segmentation is asked for where it can be, and told with its share of the image", async () => {
  const without = await show();
  expect(button("segmentation").getAttribute("aria-disabled")).toBe("true");
  button("segmentation").click();
  await drawn();
  expect(one(".dcs-alert").textContent).toContain("pip install deconvscope[segmentation]");
  expect(without.queries).toEqual([]);
  explorer.unmount();
  const model = await show({ _network: { ...answer()._network, segmentation: true } });
  button("segmentation").click();
  await drawn();
  expect(model.queries.at(-1)?.aside.segmentation).toBe(true);
  await reply((ticket) => ({
    _segmentation: { ...ticket, name: "SaliNet", height: 4, width: 4, share: 0.23, note: "" },
    _segmentation_mask: inLargerBuffer([0x06, 0x60]),
  }));
  expect(one(".dcs-image canvas[data-segmentation]").dataset.segmentation).toBe("SaliNet");
  expect(one(".dcs-image p").textContent).toBe("segmentation from SaliNet: 23 % of the image");
});

describe("saving", () => {
  test.each(["the key", "the button"])("by %s writes a file named by the address, with captions", async (how) => {
    await show();
    const names: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      names.push(this.download);
    });
    vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((done) => done(new Blob(["png"])));
    vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:saved");
    if (how === "the key") press(explorer.root, "s");
    else one(".dcs-save").click();
    expect(names).toEqual(["tiny_features.0_2@1,3_FTT,TTT_cat.png"]);
    expect(written).toEqual(
      expect.arrayContaining([
        "Tiny · conv1_1 · neuron 2 at (1, 3) = 4",
        "DeConvNet  ±2",
        "DeSaliNet  zero everywhere",
        "a cat",
      ]),
    );
    expect(written.some((text) => text.startsWith("tiny/features.0/2@1,3?FTT,TTT#cat"))).toBe(true);
  });
});

test("architectures asked from elsewhere have a chip too, and a pressed chip keeps the focus", async () => {
  const model = await show();
  const chips = (): (string | null)[] => all(".dcs-chip").map(({ textContent }) => textContent);
  expect(chips()).toEqual(["DeConvNet", "DeSaliNet", "FTF"]);
  const chip = one('.dcs-chip[aria-label^="DeConvNet"]');
  chip.focus();
  const picture = { code: "own", name: "my rule", channels: 3, scale: 1, q: 1, max: 1 };
  model.receive({ ...answer({ seq: 2 }) });
  await drawn();
  expect(document.activeElement).toBe(chip);
  const third = answer({ seq: 3 });
  model.receive({ ...third, _view: { ...third._view, pictures: [...third._view.pictures.slice(0, 1), picture] } });
  await drawn();
  expect(chips()).toEqual(["DeConvNet", "my rule", "DeSaliNet", "FTF"]);
});
