/** Carries out what the keys command: moves within the place last asked for, so that quick presses add up. */

import { clamp } from "./geometry";
import type { Command } from "./keys";
import { isVector, type Scene, shownChannels } from "./scene";
import type { Store } from "./store";

export function run(command: Command, store: Store): void {
  const { scene } = store.state;
  const neuron = store.markedNeuron();
  if (scene === null) return;
  switch (command.does) {
    case "layer":
      stepLayer(command.step, store, scene);
      return;
    case "strongest":
      store.ask({ neuron: null });
      return;
    case "channel":
      if (neuron !== null)
        store.ask({
          neuron: { channel: neighbour(neuron.channel, command.step, store, scene), y: neuron.y, x: neuron.x },
        });
      return;
    case "move": {
      if (neuron === null) return;
      const { channel, y, x } = neuron;
      if (isVector(scene.layer)) {
        const step = command.rows + command.columns > 0 ? 1 : -1;
        store.ask({ neuron: { channel: neighbour(channel, step, store, scene), y: null, x: null } });
      } else if (y !== null && x !== null) {
        const { height, width } = scene.view.map;
        const to = { y: clamp(y + command.rows, 0, height - 1), x: clamp(x + command.columns, 0, width - 1) };
        if (to.y !== y || to.x !== x) store.ask({ neuron: { channel, ...to } });
      }
    }
  }
}

function neighbour(channel: number, step: -1 | 1, store: Store, scene: Scene): number {
  const channels = shownChannels(scene, store.state.order);
  const position = clamp(channels.indexOf(channel) + step, 0, channels.length - 1);
  return channels[position] ?? channel;
}

function stepLayer(step: -1 | 1, store: Store, { network: { layers } }: Scene): void {
  const current = layers.findIndex(({ name }) => name === store.place()?.layer);
  const next = layers[current + step];
  if (current >= 0 && next !== undefined) store.ask({ layer: next.name, neuron: null });
}
