/** The photograph as the network sees it, decoded once: to draw, and as pixels for the overlay. */

import { hiddenCanvas } from "../dom";
import type { Extent } from "../pictures/geometry";

export interface Photograph {
  readonly picture: HTMLCanvasElement;
  /** RGBA, height·width·4. */
  readonly pixels: Uint8ClampedArray;
}

export const decodePhotograph = async (
  bytes: Uint8Array<ArrayBuffer>,
  { height, width }: Extent,
): Promise<Photograph> => {
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const picture = hiddenCanvas(width, height);
  const context = picture.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0, width, height);
  return { picture, pixels: context.getImageData(0, 0, width, height).data };
};
