import { describe, expect, test } from "vitest";
import type { PictureInfo } from "../../src/protocol/protocol";
import { assembleView, type Reconstruction, type ShownView } from "../../src/protocol/shown_view";
import type { State } from "../../src/store/state";
import { pictureColumns, type ShownPicture, viewBox } from "../../src/views/pictures/columns";
import { viewParts } from "../sample";

function shown(): ShownView {
  const parts = assembleView(viewParts());
  const pixels = new Uint8ClampedArray(4 * 4 * 4).map((_, index) => (index * 37) % 256);
  return { ...parts, photograph: { picture: {} as HTMLCanvasElement, pixels } };
}

const ASIDE = { meter: true, random: false, layerTrace: null, compare: null, exemplars: false, segmentation: false };

function columns(change: Partial<State> = {}): readonly (readonly ShownPicture[])[] {
  const state = { display: "paper", gain: 2, scale: "own", zoom: "receptive field", edges: false, ...change };
  return pictureColumns()({ panelRequest: ASIDE, panels: {}, ...state } as State, shown());
}

function reconstruction(info: Partial<PictureInfo>): Reconstruction {
  const facts = { code: "FTT", name: "DeConvNet", channels: 3, scale: 9, q: 8, max: 9, ...info };
  return { info: facts, bytes: new Int8Array(18), channels: 3, scale: facts.scale };
}

test("the view is the window of the pictures, or the whole image, also where the window is empty", () => {
  const picture = shown();
  expect(viewBox(picture, "receptive field")).toEqual({ top: 0, left: 2, height: 3, width: 2 });
  expect(viewBox(picture, "whole image")).toEqual({ top: 0, left: 0, height: 4, width: 4 });
  const empty = { ...picture, view: { ...picture.view, window: { top: 0, left: 0, height: 0, width: 0 } } };
  expect(viewBox(empty, "receptive field")).toEqual({ top: 0, left: 0, height: 4, width: 4 });
});

describe("the columns of pictures", () => {
  test("are one for each architecture, with its range", () => {
    const shown = columns();
    expect(shown.map((column) => column.map(({ name, range }) => [name, range]))).toEqual([
      [["DeConvNet", "±2"]],
      [["DeSaliNet", "zero everywhere"]],
    ]);
    expect(shown[0]?.[0]?.label).toBe("DeConvNet of neuron 2: ±2");
  });

  test("refer to their own magnitudes, or to the largest of all", () => {
    const references = (scale: State["scale"]) => columns({ scale }).map(([one]) => one?.painting.reference);
    const norm = Math.sqrt(3) * 2 * (5 / 127) ** 4; // of three bytes of 5
    const [strong, zero] = [
      { q: 1, scale: 2, norm: expect.closeTo(norm, 12) },
      { q: 0, scale: 0, norm: 0 },
    ];
    expect(references("own")).toEqual([strong, zero]);
    expect(references("shared")).toEqual([strong, strong]);
  });

  test("wait for random weights below, and then show them in their own window and to their own scale", () => {
    const panelRequest = { ...ASIDE, random: true };
    expect(columns({ panelRequest })[0]?.[1]).toMatchObject({
      attribute: "data-random",
      code: "FTT",
      picture: null,
      range: "…",
    });
    const window = { top: 1, left: 0, height: 3, width: 2 };
    const random = {
      client: "",
      seq: 1,
      pictures: [],
      window,
      reconstructions: [reconstruction({}), reconstruction({ code: "TTT" })],
    };
    const [, below] = columns({ panelRequest, panels: { random } })[0] ?? [];
    expect(below).toMatchObject({ window, range: "±9", painting: { gain: 2, reference: { q: 8, scale: 9 } } });
    expect(below?.label).toBe("DeConvNet of neuron 2 with random weights: ±9");
  });

  test("show no random weights that nobody wants any more", () => {
    const random = {
      client: "",
      seq: 1,
      pictures: [],
      window: viewBox(shown(), "whole image"),
      reconstructions: [reconstruction({})],
    };
    expect(columns({ panels: { random } })[0]).toHaveLength(1);
  });

  test("end with the edges in the same box, never on the pictures' scale", () => {
    const last = columns({ edges: true, scale: "shared" }).at(-1)?.[0];
    expect(last).toMatchObject({ attribute: "data-edges", name: "edges", window: viewBox(shown(), "receptive field") });
    expect(last?.painting.reference.scale).toBe(last?.picture?.scale);
    expect(last?.picture?.bytes).toHaveLength(6);
  });
});
