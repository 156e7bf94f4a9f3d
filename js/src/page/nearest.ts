/** Which of the stored neurons of a channel stands in for a place that was asked for. */

import type { NeuronPlace } from "../protocol/protocol";

/** Never empty; the strongest comes first. */
export type Candidates<Stored> = readonly [Stored, ...Stored[]];

type Place = Omit<NeuronPlace, "channel">;
type HasNeuron = Readonly<{ neuron: NeuronPlace }>;

/** The stored neuron at the place, else the nearest one; the strongest where no place is named. */
export function nearest<Stored extends HasNeuron>(stored: Candidates<Stored>, { y, x }: Place): Stored {
  if (y === null || x === null) return stored[0];
  const distance = ({ neuron }: Stored): number => Math.hypot((neuron.y ?? 0) - y, (neuron.x ?? 0) - x);
  return stored.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}

/** For a step from `from` to a place that is not stored: the nearest neuron in that direction, if any. */
export function ahead<Stored extends HasNeuron>(stored: readonly Stored[], to: Place, from: Place): Stored | null {
  if (to.y === null || to.x === null || from.y === null || from.x === null) return null;
  const [y, x] = [from.y, from.x];
  const [down, right] = [to.y - y, to.x - x];
  if (Math.abs(down) + Math.abs(right) !== 1 || stored.some(({ neuron }) => samePlace(neuron, to))) return null;
  const [first, ...others] = stored.filter(
    ({ neuron }) => down * ((neuron.y ?? 0) - y) + right * ((neuron.x ?? 0) - x) > 0,
  );
  return first === undefined ? null : nearest([first, ...others], to);
}

export function samePlace(one: Place, other: Place): boolean {
  return one.y === other.y && one.x === other.x;
}
