import { expect, test } from "vitest";
import {
  assembleView,
  isVector,
  mapValue,
  orderedChannels,
  type ShownView,
  type ViewParts,
} from "../../src/protocol/shown_view";
import { viewParts } from "../sample";

test("an answer that fits together becomes a view, each picture with its own bytes", () => {
  const shown = assembleView(viewParts());
  expect(shown.layer.label).toBe("conv1_1");
  expect(isVector(shown.layer)).toBe(false);
  expect(shown.reconstructions.map(({ bytes }) => bytes.length)).toEqual([18, 18]);
  expect(mapValue(shown as ShownView, 3, 3)).toBe(4);
});

test("an answer whose parts belong to different places is refused", () => {
  const good = viewParts();
  const wrong: Partial<ViewParts>[] = [
    { pictures: good.pictures.slice(1) },
    { map: good.map.slice(1) },
    { atlas: { ...good.atlas, bytes: good.atlas.bytes.slice(1) } },
    { atlas: { ...good.atlas, info: { ...good.atlas.info, layer: "features.1" } } },
    { atlas: { ...good.atlas, info: { ...good.atlas.info, minima: [0] } } },
    { view: { ...good.view, neuron: { ...good.view.neuron, channel: 3 } } },
  ];
  for (const change of wrong) expect(() => assembleView({ ...good, ...change })).toThrow("does not fit together");
  expect(() => assembleView({ ...good, view: { ...good.view, layer: "gone" } })).toThrow("does not fit together");
});

test("channels are ordered by strength, at a place too, by variance, or as they are numbered", () => {
  const { atlas } = viewParts();
  expect(orderedChannels(atlas, "strongest", 0, 0)).toEqual([2, 1, 0]);
  expect(orderedChannels(atlas, "variance", 0, 0)).toEqual([0, 1, 2]);
  expect(orderedChannels(atlas, "index", 0, 0)).toEqual([0, 1, 2]);
  const bytes = atlas.bytes.slice();
  bytes[1 * 16 + 2 * 4 + 3] = 127; // the largest value of channel 1, at (2, 3)
  const lit = { ...atlas, bytes };
  expect(orderedChannels(lit, "here", 2, 3)).toEqual([1, 2, 0]);
  expect(orderedChannels(lit, "here", 3, 2)).toEqual([2, 1, 0]);
  expect(orderedChannels(lit, "here", 3, 2)).toBe(orderedChannels(lit, "here", 3, 2));
});
