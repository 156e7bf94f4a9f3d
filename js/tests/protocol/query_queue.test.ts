import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ViewRequest } from "../../src/protocol/protocol";
import {
  queryQueue as converse,
  IDLE_MS,
  type KernelState,
  type Outage,
  PATIENCE_MS,
  type QueryQueue,
  UNKNOWN_MS,
  WAITING_MS,
} from "../../src/protocol/query_queue";

const FRAME_MS = 16;
let kernel: KernelState;
let working: boolean;
let sign: Promise<unknown> | null;
let sent: { channel: number; seq: number }[];
let queryQueue: QueryQueue;
let requested: ViewRequest | null;
let outage: Outage;

function neuron(channel: number): ViewRequest {
  const panelRequest = {
    meter: false,
    random: false,
    layerTrace: null,
    compare: null,
    exemplars: false,
    segmentation: false,
  };
  return { model: "m", image: "i", layer: "l", neuron: { channel, y: 0, x: 0 }, architectures: ["TTT"], panelRequest };
}

async function nextFrame(): Promise<void> {
  await Promise.resolve();
  vi.advanceTimersByTime(FRAME_MS);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  [kernel, working, sent, requested, outage, sign] = ["busy", false, [], null, "none", null];
  queryQueue = converse({
    send: (requested, seq) => sent.push({ channel: requested.neuron?.channel ?? -1, seq }),
    kernelState: () => kernel,
    pingKernel: () => sign,
    working: () => working,
    changed: (...now) => {
      [requested, outage] = now;
    },
  });
});

afterEach(() => {
  queryQueue.withdraw();
  vi.useRealTimers();
});

describe("asking", () => {
  test("sends one query for what is asked at once, the latest", async () => {
    for (const channel of [1, 2, 3]) queryQueue.ask(neuron(channel));
    expect(sent).toEqual([]);
    await nextFrame();
    expect(sent).toEqual([{ channel: 3, seq: 1 }]);
  });

  test("keeps one query in flight; the latest request goes out on the answer", async () => {
    queryQueue.ask(neuron(1));
    await nextFrame();
    for (const channel of [2, 3]) {
      queryQueue.ask(neuron(channel));
      await nextFrame();
    }
    expect(sent.length).toBe(1);
    expect(requested?.neuron?.channel).toBe(3);
    queryQueue.answered(1);
    await nextFrame();
    expect(sent[1]).toEqual({ channel: 3, seq: 2 });
    queryQueue.answered(2);
    expect(requested).toBeNull();
  });

  test("waits 300 ms for an answer before it sends a newer request", async () => {
    queryQueue.ask(neuron(1));
    await nextFrame();
    queryQueue.ask(neuron(2));
    await nextFrame();
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(300);
    expect(sent.map(({ channel }) => channel)).toEqual([1, 2]);
    expect(queryQueue.isStale(1)).toBe(true);
    queryQueue.answered(1); // late: the marker stays where the person put it
    expect(requested?.neuron?.channel).toBe(2);
  });
});

describe("silence", () => {
  test("is reported after a while, and ends with the answer", async () => {
    queryQueue.ask(neuron(1));
    await nextFrame();
    expect(outage).toBe("none");
    vi.advanceTimersByTime(WAITING_MS);
    expect(outage).toBe("waiting");
    vi.advanceTimersByTime(60_000);
    expect(outage).toBe("waiting"); // busy with another cell, perhaps
    queryQueue.answered(1);
    expect(outage).toBe("none");
  });

  test("of an absent kernel is known at once", async () => {
    kernel = "absent";
    queryQueue.ask(neuron(1));
    await nextFrame();
    expect(sent).toEqual([]);
    expect(outage).toBe("no kernel");
    expect(requested).toBeNull();
  });

  test("of a kernel that stands idle means that it does not know this widget", async () => {
    kernel = "idle";
    queryQueue.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(IDLE_MS + 500);
    expect(outage).toBe("no kernel");
  });

  test("of an idle kernel counts from its sign of life on, however long that takes on a busy machine", async () => {
    let live: () => void = () => {};
    kernel = "idle";
    sign = new Promise<void>((come) => {
      live = come;
    });
    queryQueue.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(60_000);
    expect(outage).toBe("waiting");
    live();
    await Promise.resolve();
    vi.advanceTimersByTime(IDLE_MS - PATIENCE_MS);
    expect(outage).toBe("waiting");
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    expect(outage).toBe("no kernel");
  });

  test("is not what a browser misses while it is held up itself", async () => {
    kernel = "idle";
    queryQueue.ask(neuron(1));
    await nextFrame();
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now + 60_000);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(outage).toBe("none");
    clock.mockRestore();
  });

  test("leaves the last request with the kernel, whose late answer brings it", async () => {
    kernel = "idle";
    queryQueue.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(IDLE_MS - PATIENCE_MS);
    queryQueue.ask(neuron(2));
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(sent.at(-1)).toEqual({ channel: 2, seq: 2 });
  });

  test("of a host that reports nothing means no kernel, unless it ever answered or works", async () => {
    kernel = "unknown";
    queryQueue.ask(neuron(1));
    await nextFrame();
    working = true;
    vi.advanceTimersByTime(UNKNOWN_MS + 500);
    expect(outage).toBe("waiting");
    working = false;
    vi.advanceTimersByTime(500);
    expect(outage).toBe("no kernel");

    queryQueue.ask(neuron(2));
    await nextFrame();
    queryQueue.answered(2);
    queryQueue.ask(neuron(3));
    await nextFrame();
    vi.advanceTimersByTime(UNKNOWN_MS + 500);
    expect(outage).toBe("waiting");
  });

  test("ends when a late answer comes after all", async () => {
    kernel = "idle";
    queryQueue.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(IDLE_MS + 500);
    queryQueue.answered(1);
    expect(outage).toBe("none");
  });
});
