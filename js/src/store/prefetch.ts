/**
 * Tells the kernel on which neuron the pointer rests, so that a click finds its answer ready: after a rest, seldom,
 * and never while something is asked.
 */

import type { NeuronPlace } from "../protocol/protocol";
import { sameNeuron } from "../protocol/shown_view";

/** How long a pointer rests before it is told of. */
export const REST_MS = 80;
/** The least time between two messages. */
export const PAUSE_MS = 170;

export interface Prefetch {
  /** The neuron under the pointer, or none; to be called as often as one likes. */
  point(neuron: NeuronPlace | null): void;
  stop(): void;
}

/** `allowed` is false where the person does not want it, or an answer is awaited. */
export const prefetching = (tell: (neuron: NeuronPlace | null) => void, allowed: () => boolean): Prefetch => {
  let pointed: NeuronPlace | null = null;
  let told: NeuronPlace | null = null;
  let toldAt = -PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rested = (): void => {
    if (sameNeuron(pointed, told) || !allowed()) return;
    told = pointed;
    toldAt = performance.now();
    tell(told);
  };
  return {
    point(neuron) {
      if (sameNeuron(neuron, pointed)) return;
      pointed = neuron;
      clearTimeout(timer);
      timer = setTimeout(rested, Math.max(REST_MS, toldAt + PAUSE_MS - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
};
