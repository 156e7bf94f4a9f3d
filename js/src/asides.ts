/** What the kernel computes beside the view, split into what is drawn; each only where it belongs to the drawn view. */

import {
  type ComparedSideInfo,
  type Exemplars,
  type Meters,
  readBytes,
  readInt8,
  type SegmentationInfo,
  type Ticket,
  type Traits,
  told,
  type WayBackStepInfo,
  type WidgetModel,
} from "./protocol";
import { remembered } from "./remembered";
import { mustFit, type Reconstruction, splitPictures } from "./scene";

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

/** What has come for the drawn view; null is not (yet) there. */
export interface Asides {
  readonly meters: Meters | null;
  readonly random: RandomPictures | null;
  readonly wayBack: WayBack | null;
  readonly comparison: Comparison | null;
  readonly exemplars: Exemplars | null;
  readonly segmentation: Segmentation | null;
}

export const NO_ASIDES: Asides = {
  meters: null,
  random: null,
  wayBack: null,
  comparison: null,
  exemplars: null,
  segmentation: null,
};

export const ASIDE_TRAITS = [
  "_meters",
  "_random",
  "_random_pictures",
  "_way_back",
  "_way_back_maps",
  "_comparison",
  "_comparison_pictures",
  "_exemplars",
  "_segmentation",
  "_segmentation_mask",
] as const;

/** Reads the asides of a model; what has not changed stays the same object. */
export function asidesReader(model: WidgetModel): (drawn: Ticket) => Asides {
  const meters = remembered((trait: Traits["_meters"] | undefined) => told(trait));
  const random = remembered((trait: Traits["_random"] | undefined, bytes: unknown): RandomPictures | null => {
    const info = told(trait);
    return info && { ...info, reconstructions: splitPictures(info.pictures, info.window, readInt8(bytes)) };
  });
  const wayBack = remembered((trait: Traits["_way_back"] | undefined, bytes: unknown): WayBack | null => {
    const info = told(trait);
    return info && { ...info, steps: splitMaps(info.steps, readBytes(bytes)) };
  });
  const comparison = remembered((trait: Traits["_comparison"] | undefined, bytes: unknown): Comparison | null => {
    const info = told(trait);
    if (info === null) return null;
    const all = readInt8(bytes);
    let start = 0;
    const sides = info.sides.map((side): ComparedSide => {
      const { pictures, window } = side;
      const channels = pictures.reduce((sum, picture) => sum + picture.channels, 0);
      const own = all.subarray(start, start + channels * window.height * window.width);
      start += own.length;
      return { ...side, reconstructions: splitPictures(pictures, window, own) };
    });
    mustFit(start === all.length, "the compared pictures have another size");
    return { ...info, sides };
  });
  const exemplars = remembered((trait: Traits["_exemplars"] | undefined) => told(trait));
  const segmentation = remembered((trait: Traits["_segmentation"] | undefined, bits: unknown): Segmentation | null => {
    const info = told(trait);
    return info && { ...info, mask: unpackedBits(readBytes(bits), info.height * info.width) };
  });

  return (drawn) => {
    const ofDrawn = <Aside extends Ticket>(aside: Aside | null): Aside | null =>
      aside?.client === drawn.client && aside.seq === drawn.seq ? aside : null;
    return {
      meters: ofDrawn(meters(model.get("_meters"))),
      random: ofDrawn(random(model.get("_random"), model.get("_random_pictures"))),
      wayBack: ofDrawn(wayBack(model.get("_way_back"), model.get("_way_back_maps"))),
      comparison: ofDrawn(comparison(model.get("_comparison"), model.get("_comparison_pictures"))),
      exemplars: ofDrawn(exemplars(model.get("_exemplars"))),
      segmentation: ofDrawn(segmentation(model.get("_segmentation"), model.get("_segmentation_mask"))),
    };
  };
}

function splitMaps(steps: readonly WayBackStepInfo[], bytes: Uint8Array): WayBackStep[] {
  let start = 0;
  const take = (length: number): Uint8Array => {
    start += length;
    return bytes.subarray(start - length, start);
  };
  const split = steps.map((step): WayBackStep => {
    const area = step.rows * step.columns;
    return { ...step, signalMap: take(area), activationMap: take(area) };
  });
  mustFit(start === bytes.length, "the maps of the way back have another size");
  return split;
}

/** `count` bits, the highest of each byte first. */
function unpackedBits(bytes: Uint8Array, count: number): Uint8Array {
  mustFit(bytes.length === Math.ceil(count / 8), "the mask has another size");
  return new Uint8Array(count).map((_, index) => ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1);
}
