/** Opens pictures from files, drops and pastes, and addresses from pastes. */

import { h, hiddenCanvas, plain, type Tree, take } from "../dom";
import { errorText } from "../protocol/traits";
import { requestAt } from "../store/requests";
import type { Store } from "../store/store";

const open = async (store: Store, file: File | undefined): Promise<void> => {
  if (!file) return;
  try {
    store.upload(await preparedPicture(file), file.name);
  } catch (error) {
    store.update({ failure: errorText(error) });
  }
};

export const openButton = (store: Store): Tree =>
  plain(
    "span.open",
    h(
      "button.button",
      { onclick: ({ currentTarget }) => (currentTarget.nextElementSibling as HTMLElement | null)?.click() },
      "Open…",
    ),
    h("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      label: "a picture’s file",
      onchange: ({ currentTarget }) => {
        void open(store, currentTarget.files?.[0]);
        currentTarget.value = ""; // so that the same file can be opened again
      },
    }),
    plain("span.muted", "or drop, or paste"),
  );

/** Handlers for drops and pastes anywhere on the explorer; `drop` is called as a file enters and leaves. */
export const uploadHandlers = (store: Store, drop: (above: boolean) => void) => {
  const carriesFile = (event: DragEvent): boolean => {
    const carries = event.dataTransfer?.types.includes("Files") ?? false;
    if (carries) take(event);
    return carries;
  };
  return {
    ondragover: (event: DragEvent) => drop(carriesFile(event)),
    ondragleave: () => drop(false),
    ondrop: (event: DragEvent) => {
      drop(false);
      if (carriesFile(event)) void open(store, event.dataTransfer?.files[0]);
    },
    onpaste: (event: ClipboardEvent) => {
      const { target, clipboardData: pasted } = event;
      if (target instanceof Element && target.matches("input")) return; // where a person writes, pasting is the field's
      const file = pasted?.files[0];
      const requested = requestAt(pasted?.getData("text") ?? "", store.state);
      if (file || requested) take(event);
      if (file) void open(store, file);
      else if (requested) store.ask(requested);
    },
  };
};

/** The largest number of pixels, which even a small file can claim, and of bytes. */
const MOST = 1e8;
/** Larger pictures are scaled down before they are sent. */
const LONGEST_SIDE = 1600;
/** Notebook servers refuse larger messages. */
const LARGEST_UPLOAD = 9e5;
/** A 16-bit picture darker than this uses 14 bits or fewer; the kernel reads all of them. */
const DARK = 64;
/** The first that is small enough is sent. */
const ENCODINGS = [["image/png"], ["image/jpeg", 0.95], ["image/jpeg", 0.8], ["image/jpeg", 0.5]] as const;

/** Encodes a file as a small upright PNG or JPEG on white; one of 16 bits a channel stays as it is. Errors are for people. */
const preparedPicture = async (file: File): Promise<Uint8Array<ArrayBuffer>> => {
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

/** Reads the header of a PNG. */
const hasSixteenBits = async (file: Blob): Promise<boolean> => {
  const head = new Uint8Array(await file.slice(0, 25).arrayBuffer());
  return head[0] === 0x89 && head[1] === 0x50 && head[24] === 16;
};

const brightest = (context: CanvasRenderingContext2D): number => {
  const { data } = context.getImageData(0, 0, context.canvas.width, context.canvas.height);
  return data.reduce((most, level, index) => (index % 4 < 3 ? Math.max(most, level) : most), 0);
};

/** Reads the size of a picture without decoding it. */
const undecoded = async (file: Blob): Promise<HTMLImageElement> => {
  const reader = new FileReader();
  // As a PNG, whatever it claims to be, so that SVG is not read. Not every host allows URLs of blobs.
  reader.readAsDataURL(file.slice(0, file.size, "image/png"));
  await new Promise((onload) => Object.assign(reader, { onload }));
  const image = new Image();
  await new Promise((onload, onerror) => Object.assign(image, { onload, onerror, src: reader.result }));
  return image;
};
