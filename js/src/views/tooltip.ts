/** One line beside the pointer, inside the explorer's own bounds. */

import { element, setHidden, setText } from "../dom";
import { clamp } from "../geometry";

export class Tooltip {
  readonly element = element("div", { class: "dcs-tooltip", "aria-hidden": "true", hidden: true });

  /** Shows `text` above the point, given in the window's coordinates. */
  show(text: string, clientX: number, clientY: number): void {
    const frame = this.element.parentElement?.getBoundingClientRect();
    if (frame === undefined) return;
    setText(this.element, text);
    setHidden(this.element, false);
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = clamp(clientX - frame.left - width / 2, 4, Math.max(4, frame.width - width - 4));
    const above = clientY - frame.top - height - 14;
    const top = above >= 4 ? above : clientY - frame.top + 20;
    this.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  hide(): void {
    setHidden(this.element, true);
  }
}
