/** Where one is: what is drawn, and where the person has asked to go. */

import type { NeuronPlace, ViewRequest } from "../protocol/protocol";
import type { State } from "./state";

/** The place that is drawn. */
export const drawnPlace = ({ shown, panelRequest }: State): ViewRequest | null => {
  if (!shown) return null;
  const { network, view } = shown;
  const { channel, y, x } = view.neuron;
  return {
    model: network.model,
    image: network.image.name,
    layer: view.layer,
    neuron: { channel, y, x },
    architectures: view.pictures.map(({ code }) => code),
    panelRequest,
  };
};

/** Whether what was asked for last is drawn. */
export const isSettled = ({ shown, requested }: State): boolean => shown !== null && requested === null;

/** The place last asked for; the one drawn where nothing is under way. */
export const latestPlace = (state: State): ViewRequest | null => state.requested ?? drawnPlace(state);

/** The neuron to mark: in the drawn layer, and at once where the person put it. */
export const markedNeuron = (state: State): NeuronPlace | null => {
  const here = drawnPlace(state);
  const { requested } = state;
  if (!here || !requested) return here && here.neuron;
  return sameMaps(requested, here) ? requested.neuron : null;
};

/** Whether two places are of one network that looks at one image. */
export const sameRecording = (one: ViewRequest, other: ViewRequest): boolean =>
  one.model === other.model && one.image === other.image;

/** Whether two places are of one layer's maps. */
export const sameMaps = (one: ViewRequest, other: ViewRequest): boolean =>
  sameRecording(one, other) && one.layer === other.layer;
