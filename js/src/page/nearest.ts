/** Which of the stored neurons of a channel stands in for a place that was asked for. */

import type { NeuronPlace } from "../protocol/protocol";

/** Never empty; the strongest comes first. */
export type Candidates<Stored> = readonly [Stored, ...Stored[]];

type Place = Omit<NeuronPlace, "channel">;

/** The stored neuron at the place, else the nearest one; the strongest where no place is named. */
export function nearest<Stored extends { readonly neuron: NeuronPlace }>(
  stored: Candidates<Stored>,
  { y, x }: Place,
): Stored {
  return y === null || x === null ? stored[0] : closest(stored, y, x);
}

/**
 * Where a single step from `from` to a place that is not stored leads: to the nearest stored neuron in that direction,
 * or else the arrow keys would be held fast. Null where nothing is there, or the two are no step apart.
 */
export function ahead<Stored extends { readonly neuron: NeuronPlace }>(
  stored: readonly Stored[],
  to: Place,
  from: Place,
): Stored | null {
  if (to.y === null || to.x === null || from.y === null || from.x === null) return null;
  const [down, right] = [to.y - from.y, to.x - from.x];
  if (Math.abs(down) + Math.abs(right) !== 1 || stored.some(({ neuron }) => samePlace(neuron, to))) return null;
  const [first, ...others] = stored.filter(({ neuron }) => {
    return down * ((neuron.y ?? 0) - (from.y ?? 0)) + right * ((neuron.x ?? 0) - (from.x ?? 0)) > 0;
  });
  return first === undefined ? null : closest([first, ...others], to.y, to.x);
}

export function samePlace(one: Place, other: Place): boolean {
  return one.y === other.y && one.x === other.x;
}

function closest<Stored extends { readonly neuron: NeuronPlace }>(
  stored: Candidates<Stored>,
  y: number,
  x: number,
): Stored {
  const distance = ({ neuron }: Stored): number => Math.hypot((neuron.y ?? 0) - y, (neuron.x ?? 0) - x);
  return stored.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}
