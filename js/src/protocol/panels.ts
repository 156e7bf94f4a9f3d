/** What the kernel computes beside the view, split into what is drawn; each only where it belongs to the drawn view. */

import { memoized } from "../memoized";
import type {
  ComparedSideInfo,
  Exemplars,
  LayerTraceStepInfo,
  Meters,
  QueryId,
  SegmentationInfo,
  Traits,
  WidgetModel,
} from "./protocol";
import { assertConsistent, byteReader, type Reconstruction, splitPictures } from "./shown_view";
import { readBytes, told } from "./traits";

export interface RandomPictures extends QueryId {
  readonly window: ComparedSideInfo["window"];
  readonly reconstructions: readonly Reconstruction[];
}

export interface LayerTraceStep extends LayerTraceStepInfo {
  /** Rows·columns; 255 stands for the step's `signal`, and for its `activation`. */
  readonly signalMap: Uint8Array;
  readonly activationMap: Uint8Array;
}

export interface LayerTrace extends QueryId {
  readonly code: string;
  readonly steps: readonly LayerTraceStep[];
}

export interface ComparedSide extends ComparedSideInfo {
  readonly reconstructions: readonly Reconstruction[];
}

export interface Comparison extends QueryId {
  readonly sides: readonly ComparedSide[];
}

export interface Segmentation extends SegmentationInfo {
  /** 0 or 1 for each pixel, row by row. */
  readonly mask: Uint8Array;
}

/** What has come for the drawn view; what is undefined is not (yet) there. */
export interface Panels {
  readonly meters?: Meters | undefined;
  readonly random?: RandomPictures | undefined;
  readonly layerTrace?: LayerTrace | undefined;
  readonly comparison?: Comparison | undefined;
  readonly exemplars?: Exemplars | undefined;
  readonly segmentation?: Segmentation | undefined;
}

type Told<Name extends keyof Traits> = Exclude<Traits[Name], Record<string, never>>;

/** Reads the panels of a model; what has not changed stays the same object. */
export const panelsReader = (model: Pick<WidgetModel, "get">): ((drawn: QueryId) => Panels) => {
  /** What a trait tells, put together with its bytes. */
  const panelRequest = <Name extends keyof Traits, PanelRequest extends QueryId>(
    name: Name,
    binary: keyof Traits,
    join: (info: Told<Name>, bytes: Uint8Array<ArrayBuffer>) => PanelRequest,
  ) => {
    const read = memoized((trait: unknown, bytes: unknown) => {
      const info = told(trait as object) as Told<Name> | null;
      return info && join(info, readBytes(bytes));
    });
    return ({ client, seq }: QueryId): PanelRequest | undefined => {
      const one = read(model.get(name), model.get(binary));
      return one?.client === client && one.seq === seq ? one : undefined;
    };
  };
  const meters = panelRequest("_meters", "_meters", (info) => info);
  const exemplars = panelRequest("_exemplars", "_exemplars", (info) => info);
  const random = panelRequest("_random", "_random_pictures", (info, bytes) => {
    const parts = byteReader(bytes);
    return { ...info, reconstructions: parts.end(splitPictures(info.pictures, info.window, parts)) };
  });
  const layerTrace = panelRequest("_way_back", "_way_back_maps", (info, bytes) => {
    const { take, end } = byteReader(bytes);
    const map = ({ rows, columns }: LayerTraceStepInfo): Uint8Array => take(rows * columns);
    return {
      ...info,
      steps: end(info.steps.map((step) => ({ ...step, signalMap: map(step), activationMap: map(step) }))),
    };
  });
  const comparison = panelRequest("_comparison", "_comparison_pictures", (info, bytes) => {
    const parts = byteReader(bytes);
    const split = (side: ComparedSideInfo): ComparedSide => ({
      ...side,
      reconstructions: splitPictures(side.pictures, side.window, parts),
    });
    return { ...info, sides: parts.end(info.sides.map(split)) };
  });
  const segmentation = panelRequest("_segmentation", "_segmentation_mask", (info, bytes) => {
    assertConsistent(bytes.length === Math.ceil((info.height * info.width) / 8));
    const bit = (_: number, index: number): number => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
    return { ...info, mask: new Uint8Array(info.height * info.width).map(bit) };
  });
  return (drawn) => ({
    meters: meters(drawn),
    random: random(drawn),
    layerTrace: layerTrace(drawn),
    comparison: comparison(drawn),
    exemplars: exemplars(drawn),
    segmentation: segmentation(drawn),
  });
};
