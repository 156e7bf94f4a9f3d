// @vitest-environment happy-dom
/** The same presses end at the same place, whenever and in whatever order the kernel answers. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Layer, type Pin, type Query, queryOf, type Traits, type ViewRequest } from "../../src/protocol/protocol";
import { run } from "../../src/store/commands";
import type { Command } from "../../src/store/keys";
import { openStore, type Store } from "../../src/store/store";
import { pinThis } from "../../src/views/pins";
import { answer, FakeModel, inLargerBuffer } from "../sample";
import { simulateCanvases } from "../shown";

const SIDE = 4;
const CHANNELS = 3;

const maps = (name: string): Layer => ({
  ...{ name, label: name, kind: "convolution", shape: [CHANNELS, SIDE, SIDE] },
  field: { stride: [1, 1], offset: [0, 0], size: [3, 3] },
});
const vector = (name: string): Layer => ({ name, label: name, kind: "linear", shape: [CHANNELS], field: null });

const NETWORKS: Readonly<Record<string, readonly Layer[]>> = {
  tiny: [maps("a"), maps("b"), maps("c"), maps("d"), vector("e")],
  other: [vector("v"), maps("b"), maps("w")],
};
/** The layers that a network begins with. */
const OPENING: Readonly<Record<string, string>> = { tiny: "c", other: "b" };
const IMAGES = ["cat", "dog"];

/** A number from 0 to `count` − 1 that depends on the text alone. */
const hash = (text: string, count: number): number => {
  let value = 7;
  for (const letter of text) value = (value * 31 + letter.charCodeAt(0)) % 9973;
  return value % count;
};

/** A kernel that answers when it is told to; it refuses one of `tiny`'s layers, and images that do not exist. */
class SlowKernel {
  readonly model = new FakeModel(this.#answer(queryOf(START, { client: "", seq: 0 })));
  #heard = 0;
  /** Queries without an answer. */
  #waiting: Query[] = [];

  hear(): void {
    this.#waiting.push(...this.model.queries.slice(this.#heard));
    this.#heard = this.model.queries.length;
  }

  get idle(): boolean {
    return this.#waiting.length === 0;
  }

  /** Answers one of the queries that wait; those it overtakes may be answered later, or never. */
  reply(which: (count: number) => number, forgetsOlder: boolean): void {
    const at = which(this.#waiting.length);
    const [query] = this.#waiting.splice(at, 1);
    if (forgetsOlder) this.#waiting.splice(0, at);
    if (query) this.model.receive(this.#answer(query));
  }

  #answer(query: Query): Partial<Traits> {
    const { client, seq, model, image } = query;
    const layers = NETWORKS[model] ?? [];
    const name = query.layer ?? OPENING[model];
    const layer = layers.find((one) => one.name === name);
    if (!layer || !IMAGES.includes(image) || (model === "tiny" && name === "d"))
      return { _failure: { client, seq, message: `${model}/${name} on ${image} is refused` } };
    const random = (what: string, count: number): number => hash(`${model} ${image} ${name} ${what}`, count);
    const vector = layer.shape.length === 1;
    const channel = query.neuron?.channel ?? random("channel", CHANNELS);
    const y = vector ? null : (query.neuron?.y ?? random(`${channel} y`, SIDE));
    const x = vector ? null : (query.neuron?.x ?? random(`${channel} x`, SIDE));
    const side = vector ? 1 : SIDE;
    const values = Array.from({ length: CHANNELS * side * side }, (_, place) => random(`${place}`, 100));
    const { _network, _atlas_info, _view } = answer();
    return {
      ...answer(),
      _network: { ..._network, model, layers, image: { ..._network.image, name: image } },
      _atlas_info: {
        ..._atlas_info,
        ...{ layer: layer.name, channels: CHANNELS, height: side, width: side, tileHeight: side, tileWidth: side },
        minima: [0, 0, 0],
        maxima: [random("0", 50), random("1", 50), random("2", 50)],
        variances: [random("3", 50), random("4", 50), random("5", 50)],
      },
      _atlas: inLargerBuffer(values),
      _map: inLargerBuffer(new Array(2 * side * side).fill(1)),
      _view: {
        ..._view,
        ...{ client, seq, layer: layer.name, neuron: { channel, y, x, value: 1, top: 0.5 } },
        map: { ..._view.map, height: side, width: side },
        address: `${model}/${layer.name}/${channel}@${y},${x}#${image}`,
      },
    };
  }
}

const START: ViewRequest = {
  ...{ model: "tiny", image: "cat", layer: "a", neuron: { channel: 1, y: 1, x: 2 }, architectures: ["FTT", "TTT"] },
  panelRequest: { meter: true, random: false, layerTrace: null, compare: null, exemplars: true, segmentation: false },
};

/** A press of a key, or a choice from a list. */
type Step = Command | Partial<ViewRequest>;

const MOVES: readonly Command[] = [
  ["move", 0, 1],
  ["move", 0, -1],
  ["move", 1, 0],
  ["move", -1, 0],
  ["channel", 1],
  ["channel", -1],
  ["layer", 1],
  ["layer", -1],
  ["strongest"],
];
const CHOICES: readonly Step[] = [
  { model: "tiny", layer: null, neuron: null },
  { model: "other", layer: null, neuron: null },
  { image: "cat", neuron: null },
  { image: "dog", neuron: null },
  { image: "nothing", neuron: null },
  { model: "nothing", layer: null, neuron: null },
  { architectures: ["TTT"] },
];

/** Numbers from 0 up to, not including, `count`, the same for the same seed. */
const random = (seed: number): ((count: number) => number) => {
  let state = seed * 2654435761 + 1;
  return (count) => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return Math.floor((((state ^ (state >>> 13)) >>> 0) / 2 ** 32) * count) % count;
  };
};

const flush = (): Promise<void> =>
  new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });

/** Where the steps end, and what was pinned and saved, under a kernel that `answers` between them as it likes. */
async function ends(
  steps: readonly Step[],
  answers: (kernel: SlowKernel, store: Store) => Promise<void>,
  order: "strongest" | "here" = "strongest",
): Promise<object> {
  const kernel = new SlowKernel();
  const store = openStore(kernel.model);
  const unsubscribe = store.subscribe(() => {});
  await flush();
  store.update({ order });
  const saved: (string | undefined)[] = [];
  for (const step of steps) {
    if (Array.isArray(step)) {
      const save = (): void => void saved.push(store.state.shown?.view.address);
      run(step as Command, store, { pin: () => pinThis(store), save });
    } else store.ask(step as Partial<ViewRequest>);
    await flush();
    kernel.hear();
    await answers(kernel, store);
  }
  await settled(kernel, store);
  const { address, pictures } = store.state.shown?.view ?? {};
  const pins = store.pinnedAddresses();
  unsubscribe();
  expect(address).toBeDefined();
  return { address, pictures: pictures?.length, pins, saved };
}

/** Lets the kernel answer, the newest query first, until nothing is asked any more. */
async function settled(kernel: SlowKernel, store: Store): Promise<void> {
  for (let turn = 0; !kernel.idle || store.state.requested; turn++) {
    expect(turn).toBeLessThan(1000);
    kernel.reply((count) => count - 1, true);
    await flush();
    vi.advanceTimersByTime(10);
    kernel.hear();
  }
}

/** An unsteady kernel: for each seed another, which answers late, out of order, or only the newest. */
const unsteady = (seed: number) => {
  const next = random(seed);
  return async (kernel: SlowKernel): Promise<void> => {
    for (let turns = next(4); turns > 0; turns--) {
      if (next(2) === 0) vi.advanceTimersByTime(next(400));
      if (next(3) === 0 && !kernel.idle) kernel.reply(next, next(2) === 0);
      await flush();
      kernel.hear();
    }
  };
};

const pick = (from: readonly Step[], next: (count: number) => number): Step => from[next(from.length)] as Step;

beforeEach(() => {
  simulateCanvases();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe("the same presses end at the same place however slow the kernel is", () => {
  const compare = async (steps: readonly Step[], seed: number, order?: "here"): Promise<void> => {
    const at_once = await ends(steps, settled, order);
    for (const kernel of [seed, seed + 1000]) {
      const reached = await ends(steps, unsteady(kernel), order);
      expect(reached, JSON.stringify(steps)).toEqual(at_once);
    }
    expect(await ends(steps, async () => {}, order), JSON.stringify(steps)).toEqual(at_once);
  };

  test("whether they move or choose networks, images and layers, of which some are refused", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const next = random(seed);
      const steps = Array.from({ length: 2 + next(7) }, () => pick([...MOVES, ...MOVES, ...CHOICES], next));
      await compare(steps, seed);
    }
  });

  test("where the channels stand in the order of their values at the place", async () => {
    for (let seed = 0; seed < 20; seed++) {
      const next = random(seed);
      await compare(
        Array.from({ length: 6 }, () => pick(MOVES, next)),
        seed,
        "here",
      );
    }
  });

  test("and pins and saves what they led to", async () => {
    for (let seed = 0; seed < 25; seed++) {
      const next = random(seed);
      const steps = Array.from({ length: 7 }, () => pick([...MOVES, ["pin"], ["save"]], next));
      await compare(steps, seed);
    }
  });
});

describe("a press", () => {
  const late = async (): Promise<void> => {};

  test("behind the choice of another network moves in that network", async () => {
    const steps: Step[] = [{ model: "other", layer: null, neuron: null }, ["layer", 1], ["layer", -1], ["layer", 1]];
    expect(await ends(steps, late)).toMatchObject({ address: expect.stringMatching(/^other\/w\//) });
  });

  test("behind a choice that is refused moves from what is drawn", async () => {
    const steps: Step[] = [{ image: "nothing", neuron: null }, ["move", 0, 1]];
    expect(await ends(steps, late)).toMatchObject({ address: "tiny/a/1@1,3#cat" });
  });

  test("steps over a layer that is refused", async () => {
    const steps: Step[] = [
      ["layer", 1],
      ["layer", 1],
      ["layer", 1],
      ["layer", 1],
    ];
    expect(await ends(steps, settled)).toMatchObject({ address: expect.stringMatching(/^tiny\/e\//) });
  });

  test("is overtaken by a click, and a pin that is lost by it is told", async () => {
    const kernel = new SlowKernel();
    const store = openStore(kernel.model);
    store.subscribe(() => {});
    await flush();
    const acts = { pin: () => pinThis(store), save: () => {} };
    for (const command of [["layer", 1], ["move", 0, 1], ["pin"]] as Command[]) run(command, store, acts);
    store.pick({ channel: 0, y: 0, x: 0 });
    expect(store.state.failure).toContain("not pinned");
    await flush();
    kernel.hear();
    await settled(kernel, store);
    expect(store.state.shown?.view.address).toBe("tiny/a/0@0,0#cat");
    expect(store.pinnedAddresses()).toEqual([] as readonly Pin[]);
  });

  test("that waits for what is cancelled is given up with it", async () => {
    const kernel = new SlowKernel();
    const store = openStore(kernel.model);
    store.subscribe(() => {});
    await flush();
    store.ask({ image: "nothing", neuron: null });
    run(["move", 0, 1], store, { pin: () => {}, save: () => {} });
    await flush();
    store.cancel();
    kernel.hear();
    await settled(kernel, store);
    expect(store.state.shown?.view.address).toBe(kernel.model.get("_view").address);
    expect(kernel.model.queries).toHaveLength(1);
  });
});
