/** The photograph as the network sees it, decoded once: to draw, and as pixels for the overlay. */

import type { Extent } from "./geometry";

export interface Photograph {
  readonly picture: HTMLCanvasElement;
  /** RGBA, height·width·4. */
  readonly pixels: Uint8ClampedArray;
}

export async function decodePhotograph(bytes: Uint8Array<ArrayBuffer>, image: Extent): Promise<Photograph> {
  const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  const picture = document.createElement("canvas");
  picture.width = image.width;
  picture.height = image.height;
  const context = picture.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("this browser gives no canvas to draw the photograph on");
  context.drawImage(bitmap, 0, 0, image.width, image.height);
  bitmap.close();
  return { picture, pixels: context.getImageData(0, 0, image.width, image.height).data };
}
