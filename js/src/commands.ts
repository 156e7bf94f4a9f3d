/** Carries out what the keys command: moves within the place last asked for, so that quick presses add up. */

import { clamp } from "./geometry";
import type { Command } from "./keys";
import { latestPlace, markedNeuron } from "./place";
import { isVector, shownChannels } from "./scene";
import type { Store } from "./store";

export const run = ([does, first = 0, second = 0]: Command, store: Store): void => {
  const { scene, order } = store.state;
  const neuron = markedNeuron(store.state);
  if (!scene) return;
  if (does === "strongest") store.ask({ neuron: null });
  const place = latestPlace(store.state);
  if (does === "layer" && place?.model === scene.network.model) {
    const { layers } = scene.network;
    const next = layers[layers.findIndex(({ name }) => name === place.layer) + first];
    if (next) store.ask({ layer: next.name, neuron: null });
  }
  if (!neuron || !["channel", "move"].includes(does)) return;
  const { channel, y, x } = neuron;
  if (does === "move" && !isVector(scene.layer)) {
    if (y === null || x === null) return;
    const { height, width } = scene.view.map;
    const to = { y: clamp(y + first, 0, height - 1), x: clamp(x + second, 0, width - 1) };
    if (to.y !== y || to.x !== x) store.ask({ neuron: { channel, ...to } });
  } else {
    const channels = shownChannels(scene, order);
    const position = clamp(channels.indexOf(channel) + first + second, 0, channels.length - 1);
    store.ask({ neuron: { channel: channels[position] ?? channel, y, x } });
  }
};
