import { describe, expect, test } from "vitest";
import { panelsReader } from "../../src/protocol/panels";
import { FakeModel, inLargerBuffer } from "../sample";

const DRAWN = { client: "me", seq: 4 };
const PICTURE = { code: "TTT", name: "DeSaliNet", channels: 1, scale: 1, q: 1, max: 1 };
const STEP = {
  name: "a",
  label: "A",
  kind: "convolution",
  top: 0,
  left: 0,
  height: 2,
  width: 2,
  signal: 3,
  activation: 5,
  energy: 9,
  masks: false,
};

describe("what comes beside the view", () => {
  test("belongs to it by client and number, or is not there", () => {
    for (const ticket of [DRAWN, { ...DRAWN, seq: 3 }, { ...DRAWN, client: "other" }]) {
      const model = new FakeModel({ _meters: { ...ticket, samples: 8, similarities: [0.5, null] } });
      const { meters } = panelsReader(model)(DRAWN);
      expect(meters?.similarities ?? null).toEqual(ticket === DRAWN ? [0.5, null] : null);
    }
    expect(panelsReader(new FakeModel({}))(DRAWN)).toEqual({});
  });

  test("is the same object until the kernel sends another", () => {
    const model = new FakeModel({ _meters: { ...DRAWN, samples: 1, similarities: [] } });
    const read = panelsReader(model);
    const first = read(DRAWN).meters;
    expect(read(DRAWN).meters).toBe(first);
    model.receive({ _meters: { ...DRAWN, samples: 2, similarities: [] } });
    expect(read(DRAWN).meters?.samples).toBe(2);
  });

  test("the way back has a signal, then an activation, for each step", () => {
    const steps = [
      { ...STEP, rows: 1, columns: 2 },
      { ...STEP, rows: 1, columns: 1 },
    ];
    const model = new FakeModel({
      _way_back: { ...DRAWN, code: "TTT", steps },
      _way_back_maps: inLargerBuffer([1, 2, 3, 4, 5, 6]),
    });
    const split = panelsReader(model)(DRAWN).layerTrace?.steps ?? [];
    expect(split.map(({ signalMap, activationMap }) => [[...signalMap], [...activationMap]])).toEqual([
      [
        [1, 2],
        [3, 4],
      ],
      [[5], [6]],
    ]);
    model.receive({ _way_back_maps: inLargerBuffer([1, 2, 3, 4, 5]) });
    expect(() => panelsReader(model)(DRAWN)).toThrow("does not fit together");
  });

  test("compared sides have windows, and so picture sizes, of their own", () => {
    const side = { address: "a", title: "A", pictures: [PICTURE, { ...PICTURE, channels: 2 }] };
    const sides = [
      { ...side, window: { top: 0, left: 0, height: 1, width: 2 } },
      { ...side, window: { top: 3, left: 3, height: 1, width: 1 }, pictures: [PICTURE] },
    ];
    const model = new FakeModel({
      _comparison: { ...DRAWN, sides },
      _comparison_pictures: inLargerBuffer([1, 2, 3, 4, 5, 6, 7]),
    });
    const compared = panelsReader(model)(DRAWN).comparison?.sides ?? [];
    expect(compared.map(({ reconstructions }) => reconstructions.map(({ bytes }) => [...bytes]))).toEqual([
      [
        [1, 2],
        [3, 4, 5, 6],
      ],
      [[7]],
    ]);
    model.receive({ _comparison_pictures: inLargerBuffer([1, 2, 3, 4, 5, 6, 7, 8]) });
    expect(() => panelsReader(model)(DRAWN)).toThrow("does not fit together");
  });

  test("a segmentation has a bit for each pixel, the highest of a byte first", () => {
    const info = { ...DRAWN, name: "SaliNet", height: 3, width: 3, share: 0.2, note: "" };
    const model = new FakeModel({ _segmentation: info, _segmentation_mask: inLargerBuffer([0b01000001, 0b10000000]) });
    expect([...(panelsReader(model)(DRAWN).segmentation?.mask ?? [])]).toEqual([0, 1, 0, 0, 0, 0, 0, 1, 1]);
    model.receive({ _segmentation_mask: inLargerBuffer([0]) });
    expect(() => panelsReader(model)(DRAWN)).toThrow("does not fit together");
  });
});
