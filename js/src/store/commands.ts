/**
 * What the keys command. Each press starts from where the presses before it led: from the place last asked for, so that
 * quick presses add up. Where only the kernel's answer tells that place, the press waits for it. So the same presses
 * end at the same place, however long the answers take.
 */

import { clamp } from "../pictures/geometry";
import type { ViewRequest } from "../protocol/protocol";
import { isVector, orderedChannels, type ShownView } from "../protocol/shown_view";
import type { Command } from "./keys";
import { drawnPlace, isSettled, markedNeuron, sameMaps, sameRecording } from "./requests";
import type { State } from "./state";
import type { Store } from "./store";

/** Returned where the place that a command starts from is not known yet. */
export const WAIT = "wait";

/** What is done with the place that the presses before led to, once it is drawn. */
export interface CommandActions {
  readonly pin: () => void;
  readonly save: () => void;
}

/** Carries a command out, after those that wait. */
export const run = (command: Command, store: Store, { pin, save }: CommandActions): void => {
  const [does] = command;
  const act = does === "pin" ? pin : does === "save" ? save : null;
  store.press({
    does,
    attempt: (ask) => {
      if (act && !isSettled(store.state)) return false;
      const wish = act ? act() : requestOf(command, store.state);
      if (wish === WAIT) return false;
      if (wish) ask(wish);
      return true;
    },
  });
};

/** What a command asks for in a state, or null where all stays as it is. */
export const requestOf = (command: Command, state: State): Partial<ViewRequest> | null | typeof WAIT => {
  const [does, first = 0, second = 0] = command;
  const { shown } = state;
  if (!shown) return WAIT;
  if (does === "layer") return layerStep(first, shown, state);
  if (!["strongest", "channel", "move"].includes(does)) return null;
  const neuron = markedNeuron(state);
  if (does === "strongest") return isOnDrawnMaps(state) ? { neuron: null } : WAIT;
  // Of a page that stores some places only, the answer tells which one stands in for what was asked
  const partial = shown.view.stored ?? shown.atlas.info.stored;
  if (!neuron || (partial && state.requested)) return WAIT;
  const { channel, y, x } = neuron;
  const vector = isVector(shown.layer);
  if (!vector && (y === null || x === null)) return WAIT;
  if (does === "move" && !vector) {
    const { height, width } = shown.view.map;
    const to = { y: clamp((y ?? 0) + first, 0, height - 1), x: clamp((x ?? 0) + second, 0, width - 1) };
    return to.y === y && to.x === x ? null : { neuron: { channel, ...to } };
  }
  // By the values at the place asked for, which need not be the one that is drawn
  const channels = orderedChannels(shown.atlas, vector ? "strongest" : state.order, y ?? 0, x ?? 0);
  const position = clamp(channels.indexOf(channel) + first + second, 0, channels.length - 1);
  return { neuron: { channel: channels[position] ?? channel, y, x } };
};

const isOnDrawnMaps = (state: State): boolean => {
  const here = drawnPlace(state);
  return here !== null && sameMaps(state.requested ?? here, here);
};

/** The layer before or after; one that was refused is stepped over. */
const layerStep = (
  step: number,
  { network: { layers } }: ShownView,
  state: State,
): Partial<ViewRequest> | null | typeof WAIT => {
  const here = drawnPlace(state);
  const numberOf = (place: ViewRequest | null): number =>
    place && here && sameRecording(place, here) ? layers.findIndex(({ name }) => name === place.layer) : -1;
  const { requested, refused } = state;
  if (requested && numberOf(requested) < 0) return WAIT;
  // Whatever moved since it was refused would have ended the refusal
  const [from = -1] = [refused, requested, here].map(numberOf).filter((number) => number >= 0);
  const next = from < 0 ? undefined : layers[from + step];
  return next ? { layer: next.name, neuron: null } : null;
};
