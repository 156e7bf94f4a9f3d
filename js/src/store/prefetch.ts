/** Sends the neuron on which the pointer rests, for the kernel to compute ahead: seldom, and never during a query. */

import type { NeuronPlace } from "../protocol/protocol";
import { sameNeuron } from "../protocol/shown_view";

/** How long a pointer has to rest. */
export const REST_MS = 80;
/** The least time between two messages. */
export const PAUSE_MS = 170;

/** `allowed` is false where the person has switched it off, or an answer is awaited. */
export const prefetching = (send: (neuron: NeuronPlace | null) => void, allowed: () => boolean) => {
  let pointed: NeuronPlace | null = null;
  let sent: NeuronPlace | null = null;
  let sentAt = -PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const rested = (): void => {
    if (sameNeuron(pointed, sent) || !allowed()) return;
    sent = pointed;
    sentAt = performance.now();
    send(sent);
  };
  return {
    /** Takes the neuron under the pointer, or none; may be called at any rate. */
    point(neuron: NeuronPlace | null): void {
      if (sameNeuron(neuron, pointed)) return;
      pointed = neuron;
      clearTimeout(timer);
      timer = setTimeout(rested, Math.max(REST_MS, sentAt + PAUSE_MS - performance.now()));
    },
    stop: (): void => clearTimeout(timer),
  };
};
