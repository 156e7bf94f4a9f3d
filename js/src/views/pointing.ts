/** Pointing at a place: told to all views at once; in live mode it is a choice as well. */

import type { Box, Place } from "../geometry";
import type { Hover } from "../state";
import type { Store } from "../store";

/** Where a pointer is over an element in which `box` is drawn. */
export const pointIn = (event: MouseEvent, element: Element, { top, left, height, width }: Box): Place => {
  const frame = element.getBoundingClientRect();
  return {
    y: top + ((event.clientY - frame.top) / frame.height) * height,
    x: left + ((event.clientX - frame.left) / frame.width) * width,
  };
};

export const pointAt = (store: Store, hover: Hover): void => {
  store.update({ hover });
  const { neuron } = hover;
  const marked = store.markedNeuron();
  if (!store.state.live || !neuron) return;
  if (neuron.channel !== marked?.channel || neuron.y !== marked.y || neuron.x !== marked.x) store.ask({ neuron });
};
