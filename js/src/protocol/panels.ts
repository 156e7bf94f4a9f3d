/** What the kernel computes beside the view, split into what is drawn; each only where it belongs to the drawn view. */

import type {
  ComparedSideInfo,
  Exemplars,
  Meters,
  SegmentationInfo,
  Ticket,
  Traits,
  WayBackStepInfo,
  WidgetModel,
} from "./protocol";
import { remembered } from "../memoized";
import { mustFit, partsOf, type Reconstruction, splitPictures } from "./shown_view";
import { readBytes, told } from "./traits";

export interface RandomPictures extends Ticket {
  readonly window: ComparedSideInfo["window"];
  readonly reconstructions: readonly Reconstruction[];
}

export interface WayBackStep extends WayBackStepInfo {
  /** Rows·columns; 255 stands for the step's `signal`, and for its `activation`. */
  readonly signalMap: Uint8Array;
  readonly activationMap: Uint8Array;
}

export interface WayBack extends Ticket {
  readonly code: string;
  readonly steps: readonly WayBackStep[];
}

export interface ComparedSide extends ComparedSideInfo {
  readonly reconstructions: readonly Reconstruction[];
}

export interface Comparison extends Ticket {
  readonly sides: readonly ComparedSide[];
}

export interface Segmentation extends SegmentationInfo {
  /** 0 or 1 for each pixel, row by row. */
  readonly mask: Uint8Array;
}

/** What has come for the drawn view; what is undefined is not (yet) there. */
export interface Asides {
  readonly meters?: Meters | undefined;
  readonly random?: RandomPictures | undefined;
  readonly wayBack?: WayBack | undefined;
  readonly comparison?: Comparison | undefined;
  readonly exemplars?: Exemplars | undefined;
  readonly segmentation?: Segmentation | undefined;
}

type Told<Name extends keyof Traits> = Exclude<Traits[Name], Record<string, never>>;

/** Reads the asides of a model; what has not changed stays the same object. */
export const asidesReader = (model: Pick<WidgetModel, "get">): ((drawn: Ticket) => Asides) => {
  /** What a trait tells, put together with its bytes. */
  const aside = <Name extends keyof Traits, Aside extends Ticket>(
    name: Name,
    binary: keyof Traits,
    join: (info: Told<Name>, bytes: Uint8Array<ArrayBuffer>) => Aside,
  ) => {
    const read = remembered((trait: unknown, bytes: unknown) => {
      const info = told(trait as object) as Told<Name> | null;
      return info && join(info, readBytes(bytes));
    });
    return ({ client, seq }: Ticket): Aside | undefined => {
      const one = read(model.get(name), model.get(binary));
      return one?.client === client && one.seq === seq ? one : undefined;
    };
  };
  const meters = aside("_meters", "_meters", (info) => info);
  const exemplars = aside("_exemplars", "_exemplars", (info) => info);
  const random = aside("_random", "_random_pictures", (info, bytes) => {
    const parts = partsOf(bytes);
    return { ...info, reconstructions: parts.end(splitPictures(info.pictures, info.window, parts)) };
  });
  const wayBack = aside("_way_back", "_way_back_maps", (info, bytes) => {
    const { take, end } = partsOf(bytes);
    const map = ({ rows, columns }: WayBackStepInfo): Uint8Array => take(rows * columns);
    return {
      ...info,
      steps: end(info.steps.map((step) => ({ ...step, signalMap: map(step), activationMap: map(step) }))),
    };
  });
  const comparison = aside("_comparison", "_comparison_pictures", (info, bytes) => {
    const parts = partsOf(bytes);
    const split = (side: ComparedSideInfo): ComparedSide => ({
      ...side,
      reconstructions: splitPictures(side.pictures, side.window, parts),
    });
    return { ...info, sides: parts.end(info.sides.map(split)) };
  });
  const segmentation = aside("_segmentation", "_segmentation_mask", (info, bytes) => {
    mustFit(bytes.length === Math.ceil((info.height * info.width) / 8));
    const bit = (_: number, index: number): number => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
    return { ...info, mask: new Uint8Array(info.height * info.width).map(bit) };
  });
  return (drawn) => ({
    meters: meters(drawn),
    random: random(drawn),
    wayBack: wayBack(drawn),
    comparison: comparison(drawn),
    exemplars: exemplars(drawn),
    segmentation: segmentation(drawn),
  });
};
