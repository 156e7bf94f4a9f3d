/**
 * Tells the kernel on which neuron the pointer rests, so that a click finds its answer ready: after a rest, seldom,
 * and never while something is asked.
 */

import { max } from "./arithmetic";
import type { NeuronPlace } from "./protocol";

/** How long a pointer rests before it is told of. */
export const REST_MS = 80;
/** The least time between two messages. */
export const PAUSE_MS = 170;

export interface PrefetchParts {
  readonly tell: (neuron: NeuronPlace | null) => void;
  /** False where the person does not want it, or an answer is awaited. */
  readonly allowed: () => boolean;
}

export class Prefetch {
  readonly #parts: PrefetchParts;
  #pointed: NeuronPlace | null = null;
  #told: NeuronPlace | null = null;
  #toldAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: PrefetchParts) {
    this.#parts = parts;
  }

  /** The neuron under the pointer, or none; to be called as often as one likes. */
  point(neuron: NeuronPlace | null): void {
    if (same(neuron, this.#pointed)) return;
    this.#pointed = neuron;
    clearTimeout(this.#timer);
    const pause = this.#toldAt + PAUSE_MS - performance.now();
    this.#timer = setTimeout(() => this.#rested(), max(REST_MS, pause));
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #rested(): void {
    if (same(this.#pointed, this.#told) || !this.#parts.allowed()) return;
    this.#told = this.#pointed;
    this.#toldAt = performance.now();
    this.#parts.tell(this.#told);
  }
}

function same(one: NeuronPlace | null, other: NeuronPlace | null): boolean {
  return one?.channel === other?.channel && one?.y === other?.y && one?.x === other?.x;
}
