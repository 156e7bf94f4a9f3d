/** Files that a person opens: made small enough to be sent, after a look at their size. */

import { hiddenCanvas } from "../dom";

/** So many pixels are decoded at most, because a small file can claim far more; and so many bytes are read. */
const MOST = 1e8;
/** Longer sides are scaled down to this before the picture is sent. */
const LONGEST_SIDE = 1600;
/** What is sent stays below what notebook servers pass on. */
const LARGEST_UPLOAD = 9e5;
/** Of so many levels of 255 a picture of 16 bits a channel uses 14 bits or fewer: the kernel reads all of them. */
const DARK = 64;
/** How the picture is encoded: the first that is small enough. */
const ENCODINGS = [["image/png"], ["image/jpeg", 0.95], ["image/jpeg", 0.8], ["image/jpeg", 0.5]] as const;

/**
 * A file as a small PNG or JPEG, upright, on white where it is transparent; one of 16 bits a channel as it is, because
 * canvases have 8. Errors are for the person to read.
 */
export const preparedPicture = async (file: File): Promise<Uint8Array<ArrayBuffer>> => {
  const refuse = (why: string): never => {
    throw new Error(`${file.name || "the picture"} ${why}`);
  };
  if (file.size > MOST) refuse("is larger than 100 MB");
  const { naturalWidth, naturalHeight } = await undecoded(file).catch(() =>
    refuse("is too large, or not a PNG, JPEG, WebP or GIF picture"),
  );
  if (naturalWidth * naturalHeight > MOST)
    refuse(`has ${naturalWidth} × ${naturalHeight} pixels: more than 100 million are not opened`);
  const deep = await hasSixteenBits(file);
  if (deep && file.size < LARGEST_UPLOAD) return new Uint8Array(await file.arrayBuffer());
  const bitmap = await createImageBitmap(file).catch(() => refuse("is damaged or cut short"));
  const { width, height } = bitmap;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = hiddenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext("2d") as CanvasRenderingContext2D;
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  if (deep && brightest(context) < DARK)
    refuse("uses few of its 16 bits and is too large to be sent as it is: open it from Python, explorer.image = path");
  for (const [type, quality] of ENCODINGS) {
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
    if (blob && blob.size < LARGEST_UPLOAD) return new Uint8Array(await blob.arrayBuffer());
  }
  return refuse("is too large to be sent to the kernel");
};

/** Whether a file is a PNG of 16 bits a channel, as its header says. */
const hasSixteenBits = async (file: Blob): Promise<boolean> => {
  const head = new Uint8Array(await file.slice(0, 25).arrayBuffer());
  return head[0] === 0x89 && head[1] === 0x50 && head[24] === 16;
};

const brightest = (context: CanvasRenderingContext2D): number => {
  const { data } = context.getImageData(0, 0, context.canvas.width, context.canvas.height);
  let brightest = 0;
  for (let at = 0; at < data.length; at++) if (at % 4 < 3) brightest = Math.max(brightest, data[at] ?? 0);
  return brightest;
};

/** A picture of which the browser has read the size, but decoded no pixel. */
const undecoded = async (file: Blob): Promise<HTMLImageElement> => {
  const reader = new FileReader();
  // Whatever it says it is: a browser would read SVG as well. Not every host allows the URLs of blobs.
  reader.readAsDataURL(file.slice(0, file.size, "image/png"));
  await new Promise((done) => {
    reader.onload = done;
  });
  const image = new Image();
  await new Promise((done, fail) => {
    Object.assign(image, { onload: done, onerror: fail, src: reader.result });
  });
  return image;
};
