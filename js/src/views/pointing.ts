/** Pointing at a place: told to all views at once; in live mode it is a choice as well. */

import type { Hover, Store } from "../store";

export function pointAt(store: Store, hover: Hover): void {
  store.update({ hover });
  const { neuron } = hover;
  const marked = store.markedNeuron();
  if (!store.state.live || !neuron) return;
  if (neuron.channel !== marked?.channel || neuron.y !== marked.y || neuron.x !== marked.x) store.ask({ neuron });
}
