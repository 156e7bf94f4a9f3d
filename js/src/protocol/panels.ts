/** What the kernel computes beside the view, split into what is drawn. */

import { memoized } from "../memoized";
import type { QueryId, Traits, WidgetModel } from "./protocol";
import { assertConsistent, byteReader, splitPictures } from "./shown_view";
import { contentOf, readBytes } from "./traits";

/** Reads the panels of a view, undefined until they come; one that has not changed stays the same object. */
export const panelsReader = (model: Pick<WidgetModel, "get">) => {
  /** Joins the content of a trait with its bytes. */
  const panel = <Name extends keyof Traits, Panel extends QueryId>(
    name: Name,
    binary: keyof Traits,
    join: (info: Exclude<Traits[Name], Record<string, never>>, bytes: Uint8Array<ArrayBuffer>) => Panel,
  ) => {
    const read = memoized((trait: unknown, bytes: unknown) => {
      const info = contentOf(trait as object) as Parameters<typeof join>[0] | null;
      return info && join(info, readBytes(bytes));
    });
    return ({ client, seq }: QueryId): Panel | undefined => {
      const one = read(model.get(name), model.get(binary));
      return one?.client === client && one.seq === seq ? one : undefined;
    };
  };
  const meters = panel("_meters", "_meters", (info) => info);
  const exemplars = panel("_exemplars", "_exemplars", (info) => info);
  const random = panel("_random", "_random_pictures", (info, bytes) => {
    const reader = byteReader(bytes);
    return { ...info, reconstructions: reader.end(splitPictures(info.pictures, info.window, reader)) };
  });
  const layerTrace = panel("_way_back", "_way_back_maps", (info, bytes) => {
    const { take, end } = byteReader(bytes);
    const steps = info.steps.map((step) => {
      const [signalMap, activationMap] = [take(step.rows * step.columns), take(step.rows * step.columns)];
      return { ...step, signalMap, activationMap }; // 255 stands for the step's `signal` and `activation`
    });
    return { ...info, steps: end(steps) };
  });
  const comparison = panel("_comparison", "_comparison_pictures", (info, bytes) => {
    const reader = byteReader(bytes);
    const sides = info.sides.map((side) => ({
      ...side,
      reconstructions: splitPictures(side.pictures, side.window, reader),
    }));
    return { ...info, sides: reader.end(sides) };
  });
  const segmentation = panel("_segmentation", "_segmentation_mask", (info, bytes) => {
    assertConsistent(bytes.length === Math.ceil((info.height * info.width) / 8));
    // 0 or 1 for each pixel, row by row.
    const bit = (_: number, index: number): number => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
    return { ...info, mask: new Uint8Array(info.height * info.width).map(bit) };
  });
  return (view: QueryId) => ({
    meters: meters(view),
    random: random(view),
    layerTrace: layerTrace(view),
    comparison: comparison(view),
    exemplars: exemplars(view),
    segmentation: segmentation(view),
  });
};

/** The panels that have come for the view shown. */
export type Panels = Partial<ReturnType<ReturnType<typeof panelsReader>>>;

export type LayerTraceStep = NonNullable<Panels["layerTrace"]>["steps"][number];
export type Comparison = NonNullable<Panels["comparison"]>;
export type Segmentation = NonNullable<Panels["segmentation"]>;
