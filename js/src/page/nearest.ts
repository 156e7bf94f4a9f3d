/** Which of the stored neurons of a channel stands in for a place that was asked for. */

import type { NeuronPlace } from "../protocol";

/** Never empty; the strongest comes first. */
export type Candidates<Stored> = readonly [Stored, ...Stored[]];

/**
 * The stored neuron at the place, else the nearest one. A step away from the neuron `from` leads to the nearest
 * one in that direction, if there is one: or else the arrow keys would be held fast.
 */
export function nearest<Stored extends { readonly neuron: NeuronPlace }>(
  stored: Candidates<Stored>,
  { y, x }: Omit<NeuronPlace, "channel">,
  from: NeuronPlace | null,
): Stored {
  if (y === null || x === null) return stored[0];
  const near = closest(stored, y, x);
  const stands = from !== null && near.neuron.channel === from.channel && samePlace(near.neuron, from);
  if (!stands || samePlace(near.neuron, { y, x }) || from.y === null || from.x === null) return near;
  const [down, right] = [y - from.y, x - from.x];
  const ahead = stored.filter(({ neuron }) => {
    return down * ((neuron.y ?? 0) - (from.y ?? 0)) + right * ((neuron.x ?? 0) - (from.x ?? 0)) > 0;
  });
  const [first, ...others] = ahead;
  return first === undefined ? near : closest([first, ...others], y, x);
}

export function samePlace(one: Omit<NeuronPlace, "channel">, other: Omit<NeuronPlace, "channel">): boolean {
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
