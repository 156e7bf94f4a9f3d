/** Elements that several views have. */

import { h, type Tree } from "../../dom";

/** A picture that the text beside it names. */
export const thumbnail = (src: string): Tree => h("img", { src, alt: "" });

/** What a screen reader says when it changes. */
export const remark = (text: string): Tree => h("span.muted", { role: "status" }, text);

export const closeButton = (named: string, onclick: () => void, look = "button"): Tree =>
  h(`button.${look}`, { named, onclick }, "×");
