/** Pointing at a place, which all views show; in live mode it chooses as well. */

import type { Box, Place } from "../pictures/geometry";
import { sameNeuron } from "../protocol/shown_view";
import { markedNeuron } from "../store/requests";
import type { Hover } from "../store/state";
import type { ViewServices } from "./component";

/** Returns where a pointer is in `box`, which is drawn in an element. */
export const pointIn = (event: MouseEvent, element: Element, { top, left, height, width }: Box): Place => {
  const frame = element.getBoundingClientRect();
  return {
    y: top + ((event.clientY - frame.top) / frame.height) * height,
    x: left + ((event.clientX - frame.left) / frame.width) * width,
  };
};

/** Called when a pointer is over `hover`, of which `text` is shown there, or over nothing. */
export const pointAt = ({ store, tip }: ViewServices, hover: Hover | null, text = "", at?: MouseEvent): void => {
  store.update({ hover });
  tip(text, at);
  const [neuron, marked] = [hover?.neuron, markedNeuron(store.state)];
  // Where none is marked another layer is requested, which a passing pointer must not replace.
  if (store.state.live && neuron && marked && !sameNeuron(neuron, marked)) store.ask({ neuron });
};
