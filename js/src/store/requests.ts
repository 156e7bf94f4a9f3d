/** The places shown and requested, as requests. */

import { parseAddress } from "../protocol/address";
import type { NeuronPlace, ViewRequest } from "../protocol/protocol";
import type { State } from "./state";

/** The request that leads to the view shown. */
export const shownRequest = ({ shown, panelRequest }: State): ViewRequest | null => {
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

export const isSettled = ({ shown, requested }: State): boolean => shown !== null && requested === null;

/** The latest request; the one shown where none is unanswered. */
export const latestRequest = (state: State): ViewRequest | null => state.requested ?? shownRequest(state);

/** The neuron to mark: in the layer shown, and at once where the person put it. */
export const markedNeuron = (state: State): NeuronPlace | null => {
  const here = shownRequest(state);
  if (!here || !state.requested) return here?.neuron ?? null;
  return sameMaps(state.requested, here) ? state.requested.neuron : null;
};

export const sameRecording = (one: ViewRequest, other: ViewRequest): boolean =>
  one.model === other.model && one.image === other.image;

export const sameMaps = (one: ViewRequest, other: ViewRequest): boolean =>
  sameRecording(one, other) && one.layer === other.layer;

/** The request for an address, or null where the text is none. Layers may be named by their labels. */
export const requestAt = (text: string, { shown, catalog }: State): Partial<ViewRequest> | null => {
  const address = parseAddress(text);
  if (!address) return null;
  const { model, layer, channel, y, x, architectures, image } = address;
  const layers = shown?.network.model === model ? shown.network.layers : [];
  const known = layers.find(({ name, label }) => name === layer || label === layer);
  const codes = architectures.map((asked) => catalog.architectures.find(({ name }) => name === asked)?.code ?? asked);
  return {
    model,
    layer: known?.name ?? layer,
    neuron: { channel, y, x },
    ...(image && { image }),
    ...(codes.length > 0 && { architectures: codes }),
  };
};
