/** The photograph as the network sees it, decoded once: to draw, and as pixels for the overlay. */

import type { Extent } from "./geometry";
import { ProtocolError } from "./protocol";

export interface Photograph {
  readonly picture: HTMLCanvasElement;
  /** RGBA, height·width·4. */
  readonly pixels: Uint8ClampedArray;
}

export async function decodePhotograph(bytes: Uint8Array<ArrayBuffer>, image: Extent): Promise<Photograph> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: "none" });
  } catch {
    throw new ProtocolError("the photograph that the kernel sent cannot be decoded");
  }
  const picture = document.createElement("canvas");
  picture.width = image.width;
  picture.height = image.height;
  const context = picture.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new ProtocolError("this browser gives no canvas to draw the photograph on");
  context.drawImage(bitmap, 0, 0, image.width, image.height);
  bitmap.close();
  return { picture, pixels: context.getImageData(0, 0, image.width, image.height).data };
}
