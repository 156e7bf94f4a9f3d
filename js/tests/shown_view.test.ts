import { expect, test } from "vitest";
import { assembleScene, isVector, mapValue, orderedChannels, type Scene, type SceneParts } from "../src/protocol/shown_view";
import { sceneParts } from "./sample";

test("an answer that fits together becomes a scene, each picture with its own bytes", () => {
  const scene = assembleScene(sceneParts());
  expect(scene.layer.label).toBe("conv1_1");
  expect(isVector(scene.layer)).toBe(false);
  expect(scene.reconstructions.map(({ bytes }) => bytes.length)).toEqual([18, 18]);
  expect(mapValue(scene as Scene, 3, 3)).toBe(4);
});

test("an answer whose parts belong to different places is refused", () => {
  const good = sceneParts();
  const wrong: Partial<SceneParts>[] = [
    { pictures: good.pictures.slice(1) },
    { map: good.map.slice(1) },
    { atlas: { ...good.atlas, bytes: good.atlas.bytes.slice(1) } },
    { atlas: { ...good.atlas, info: { ...good.atlas.info, layer: "features.1" } } },
    { atlas: { ...good.atlas, info: { ...good.atlas.info, minima: [0] } } },
    { view: { ...good.view, neuron: { ...good.view.neuron, channel: 3 } } },
  ];
  for (const change of wrong) expect(() => assembleScene({ ...good, ...change })).toThrow("does not fit together");
  expect(() => assembleScene({ ...good, view: { ...good.view, layer: "gone" } })).toThrow("does not fit together");
});

test("channels are ordered by strength, at a place too, by variance, or as they are numbered", () => {
  const { atlas } = sceneParts();
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
