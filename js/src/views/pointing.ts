/** Pointing at a place: told to all views at once; in live mode it is a choice as well. */

import type { Box, Place } from "../pictures/geometry";
import { sameNeuron } from "../protocol/shown_view";
import { markedNeuron } from "../store/requests";
import type { Hover } from "../store/state";
import type { ViewServices } from "./component";

/** Where a pointer is over an element in which `box` is drawn. */
export const pointIn = (event: MouseEvent, element: Element, { top, left, height, width }: Box): Place => {
  const frame = element.getBoundingClientRect();
  return {
    y: top + ((event.clientY - frame.top) / frame.height) * height,
    x: left + ((event.clientX - frame.left) / frame.width) * width,
  };
};

/** A pointer is over `hover`, of which a line is shown there, or over nothing. */
export const pointAt = ({ store, tip }: ViewServices, hover: Hover | null, text = "", at?: MouseEvent): void => {
  store.update({ hover });
  tip(text, at);
  const [neuron, marked] = [hover?.neuron, markedNeuron(store.state)];
  // Where none is marked another layer is on its way, which a pointer that passes must not take back.
  if (store.state.live && neuron && marked && !sameNeuron(neuron, marked)) store.ask({ neuron });
};
