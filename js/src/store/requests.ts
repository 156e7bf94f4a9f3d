/** Where one is: what is drawn, and where the person has asked to go. */

import type { NeuronPlace, Wanted } from "../protocol/protocol";
import type { State } from "./state";

/** The place that is drawn. */
export const drawnPlace = ({ scene, aside }: State): Wanted | null => {
  if (!scene) return null;
  const { network, view } = scene;
  const { channel, y, x } = view.neuron;
  return {
    model: network.model,
    image: network.image.name,
    layer: view.layer,
    neuron: { channel, y, x },
    architectures: view.pictures.map(({ code }) => code),
    aside,
  };
};

/** Whether what was asked for last is drawn. */
export const isSettled = ({ scene, wanted }: State): boolean => scene !== null && wanted === null;

/** The place last asked for; the one drawn where nothing is under way. */
export const latestPlace = (state: State): Wanted | null => state.wanted ?? drawnPlace(state);

/** The neuron to mark: in the drawn layer, and at once where the person put it. */
export const markedNeuron = (state: State): NeuronPlace | null => {
  const here = drawnPlace(state);
  const { wanted } = state;
  if (!here || !wanted) return here && here.neuron;
  return sameMaps(wanted, here) ? wanted.neuron : null;
};

/** Whether two places are of one network that looks at one image. */
export const sameRecording = (one: Wanted, other: Wanted): boolean =>
  one.model === other.model && one.image === other.image;

/** Whether two places are of one layer's maps. */
export const sameMaps = (one: Wanted, other: Wanted): boolean => sameRecording(one, other) && one.layer === other.layer;
