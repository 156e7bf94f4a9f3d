/** What the keys command, starting from the place last requested, so that quick presses add up. */

import { clamp } from "../pictures/geometry";
import type { ViewRequest } from "../protocol/protocol";
import { isVector, orderedChannels } from "../protocol/shown_view";
import type { Command } from "./keys";
import { isSettled, markedNeuron, sameMaps, sameRecording, shownRequest } from "./requests";
import type { State } from "./state";
import type { Store } from "./store";

/** Returned where the place that a command starts from is not known yet. */
export const WAIT = "wait";

type Outcome = Partial<ViewRequest> | null | typeof WAIT;

/** Carries a command out. `actions` concern the view shown, and wait until it is the one requested. */
export const run = (command: Command, store: Store, actions: Readonly<Record<"pin" | "save", () => void>>): void => {
  const [name] = command;
  const action = name === "pin" || name === "save" ? actions[name] : null;
  store.press({
    command: name,
    attempt(ask) {
      if (action) {
        if (!isSettled(store.state)) return false;
        action();
        return true;
      }
      const request = requestOf(command, store.state);
      if (request === WAIT) return false;
      if (request) ask(request);
      return true;
    },
  });
};

/** What a command requests in a state, or null where all stays as it is. */
export const requestOf = (command: Command, state: State): Outcome => {
  const [name, first = 0, second = 0] = command;
  const { shown } = state;
  if (!shown) return WAIT;
  if (name === "layer") return layerStep(first, state);
  if (!["strongest", "channel", "move"].includes(name)) return null;
  const neuron = markedNeuron(state);
  if (name === "strongest") {
    const here = shownRequest(state);
    return here && sameMaps(state.requested ?? here, here) ? { neuron: null } : WAIT;
  }
  // On a page that stores some places only, the answer tells which one replaces the one requested.
  const partial = shown.view.stored ?? shown.atlas.info.stored;
  if (!neuron || (partial && state.requested)) return WAIT;
  const { channel, y, x } = neuron;
  const vector = isVector(shown.layer);
  if (!vector && (y === null || x === null)) return WAIT;
  if (name === "move" && !vector) {
    const { height, width } = shown.view.map;
    const to = { y: clamp((y ?? 0) + first, 0, height - 1), x: clamp((x ?? 0) + second, 0, width - 1) };
    return to.y === y && to.x === x ? null : { neuron: { channel, ...to } };
  }
  // By the values at the place requested, which need not be the one shown.
  const channels = orderedChannels(shown.atlas, vector ? "strongest" : state.order, y ?? 0, x ?? 0);
  const position = clamp(channels.indexOf(channel) + first + second, 0, channels.length - 1);
  return { neuron: { channel: channels[position] ?? channel, y, x } };
};

/** The layer before or after; one that was refused is stepped over. */
const layerStep = (step: number, state: State): Outcome => {
  const { requested, refused, shown } = state;
  const layers = shown?.network.layers ?? [];
  const here = shownRequest(state);
  const numberOf = (request: ViewRequest | null): number =>
    request && here && sameRecording(request, here) ? layers.findIndex(({ name }) => name === request.layer) : -1;
  if (requested && numberOf(requested) < 0) return WAIT;
  // Any move since the refusal would have cleared it.
  const [from = -1] = [refused, requested, here].map(numberOf).filter((number) => number >= 0);
  const next = from < 0 ? undefined : layers[from + step];
  return next ? { layer: next.name, neuron: null } : null;
};
