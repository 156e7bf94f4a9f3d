/** A person's own pictures: opened from a file, dropped, or pasted. A pasted address is gone to. */

import { wantedAt } from "../address";
import { button, element, listen, setAttribute } from "../dom";
import { PictureFileError, preparedPicture } from "../picture_file";
import type { Stage } from "./stage";

/** Where a person writes, pasting is the field's. */
const WRITTEN_IN = "input, textarea";

/** The controls; pictures may be dropped and pasted anywhere on the explorer. */
export function opening({ store, signal, root }: Stage): HTMLElement {
  const open = async (file: File | null | undefined): Promise<void> => {
    if (!file) return;
    try {
      store.upload(await preparedPicture(file), file.name);
    } catch (error) {
      if (!(error instanceof PictureFileError)) throw error;
      store.update({ failure: error.message });
    }
  };
  const picker = element("input", { type: "file", accept: "image/*", hidden: true, "aria-label": "a picture's file" });
  listen(picker, signal, {
    change: () => {
      void open(picker.files?.[0]);
      picker.value = ""; // so that the same file can be opened again
    },
  });
  const carriesFile = (event: DragEvent): boolean => {
    if (!event.dataTransfer?.types.includes("Files")) return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  listen(root, signal, {
    dragover: (event) => setAttribute(root, "data-dropping", carriesFile(event)),
    dragleave: () => setAttribute(root, "data-dropping", false),
    drop: (event) => {
      setAttribute(root, "data-dropping", false);
      if (carriesFile(event)) void open(event.dataTransfer?.files[0]);
    },
    paste: (event) => {
      if (event.target instanceof Element && event.target.matches(WRITTEN_IN)) return;
      const file = event.clipboardData?.files[0];
      const wanted = wantedAt(event.clipboardData?.getData("text") ?? "", store.state);
      if (!file && !wanted) return;
      event.preventDefault();
      event.stopPropagation();
      if (file) void open(file);
      else if (wanted) store.ask(wanted);
    },
  });
  return element(
    "span",
    "dcs-open",
    button("dcs-button", "Open…", signal, () => picker.click()),
    picker,
    element("span", "dcs-muted", "or drop, or paste"),
  );
}
