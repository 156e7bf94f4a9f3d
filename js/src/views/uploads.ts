/** A person's own pictures: opened from a file, dropped, or pasted. A pasted address is gone to. */

import { h, plain, type Tree, take } from "../dom";
import { preparedPicture } from "../pictures/picture_file";
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

/** A button that opens a file. */
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

/** What the root does with pictures that are dropped and pasted anywhere on the explorer; `drop` tells while one is above. */
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
