import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Conversation,
  conversation as converse,
  IDLE_MS,
  type KernelState,
  PATIENCE_MS,
  SILENCE_MS,
  type Silence,
  UNKNOWN_MS,
} from "../src/protocol/query_queue";
import type { Wanted } from "../src/protocol/protocol";

const FRAME_MS = 16;
let kernel: KernelState;
let working: boolean;
let sign: Promise<unknown> | null;
let sent: { channel: number; seq: number }[];
let conversation: Conversation;
let wanted: Wanted | null;
let silence: Silence;

function neuron(channel: number): Wanted {
  const aside = { meter: false, random: false, wayBack: null, compare: null, exemplars: false, segmentation: false };
  return { model: "m", image: "i", layer: "l", neuron: { channel, y: 0, x: 0 }, architectures: ["TTT"], aside };
}

async function nextFrame(): Promise<void> {
  await Promise.resolve();
  vi.advanceTimersByTime(FRAME_MS);
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  [kernel, working, sent, wanted, silence, sign] = ["busy", false, [], null, "none", null];
  conversation = converse({
    send: (wanted, seq) => sent.push({ channel: wanted.neuron?.channel ?? -1, seq }),
    kernelState: () => kernel,
    signOfLife: () => sign,
    working: () => working,
    changed: (...now) => {
      [wanted, silence] = now;
    },
  });
});

afterEach(() => {
  conversation.stop();
  vi.useRealTimers();
});

describe("asking", () => {
  test("sends one query for what is asked at once, the latest", async () => {
    for (const channel of [1, 2, 3]) conversation.ask(neuron(channel));
    expect(sent).toEqual([]);
    await nextFrame();
    expect(sent).toEqual([{ channel: 3, seq: 1 }]);
  });

  test("keeps one query in flight; the newest wish goes out on the answer", async () => {
    conversation.ask(neuron(1));
    await nextFrame();
    for (const channel of [2, 3]) {
      conversation.ask(neuron(channel));
      await nextFrame();
    }
    expect(sent.length).toBe(1);
    expect(wanted?.neuron?.channel).toBe(3);
    conversation.answered(1);
    await nextFrame();
    expect(sent[1]).toEqual({ channel: 3, seq: 2 });
    conversation.answered(2);
    expect(wanted).toBeNull();
  });

  test("waits 300 ms for an answer before it sends a newer wish", async () => {
    conversation.ask(neuron(1));
    await nextFrame();
    conversation.ask(neuron(2));
    await nextFrame();
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(300);
    expect(sent.map(({ channel }) => channel)).toEqual([1, 2]);
    expect(conversation.isStale(1)).toBe(true);
    conversation.answered(1); // late: the marker stays where the person put it
    expect(wanted?.neuron?.channel).toBe(2);
  });
});

describe("silence", () => {
  test("is told after a while, and ends with the answer", async () => {
    conversation.ask(neuron(1));
    await nextFrame();
    expect(silence).toBe("none");
    vi.advanceTimersByTime(SILENCE_MS);
    expect(silence).toBe("waiting");
    vi.advanceTimersByTime(60_000);
    expect(silence).toBe("waiting"); // busy with another cell, perhaps
    conversation.answered(1);
    expect(silence).toBe("none");
  });

  test("of an absent kernel is known at once", async () => {
    kernel = "absent";
    conversation.ask(neuron(1));
    await nextFrame();
    expect(sent).toEqual([]);
    expect(silence).toBe("no kernel");
    expect(wanted).toBeNull();
  });

  test("of a kernel that stands idle means that it does not know this widget", async () => {
    kernel = "idle";
    conversation.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(IDLE_MS + 500);
    expect(silence).toBe("no kernel");
  });

  test("of an idle kernel counts from its sign of life on, however long that takes on a busy machine", async () => {
    let live: () => void = () => {};
    kernel = "idle";
    sign = new Promise<void>((come) => {
      live = come;
    });
    conversation.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(60_000);
    expect(silence).toBe("waiting");
    live();
    await Promise.resolve();
    vi.advanceTimersByTime(IDLE_MS - PATIENCE_MS);
    expect(silence).toBe("waiting");
    vi.advanceTimersByTime(2 * PATIENCE_MS);
    expect(silence).toBe("no kernel");
  });

  test("is not what a browser misses while it is held up itself", async () => {
    kernel = "idle";
    conversation.ask(neuron(1));
    await nextFrame();
    const now = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now + 60_000);
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(silence).toBe("none");
    clock.mockRestore();
  });

  test("leaves the last wish with the kernel, whose late answer brings it", async () => {
    kernel = "idle";
    conversation.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(IDLE_MS - PATIENCE_MS);
    conversation.ask(neuron(2));
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(sent.at(-1)).toEqual({ channel: 2, seq: 2 });
  });

  test("of a host that tells nothing means no kernel, unless it ever answered or works", async () => {
    kernel = "unknown";
    conversation.ask(neuron(1));
    await nextFrame();
    working = true;
    vi.advanceTimersByTime(UNKNOWN_MS + 500);
    expect(silence).toBe("waiting");
    working = false;
    vi.advanceTimersByTime(500);
    expect(silence).toBe("no kernel");

    conversation.ask(neuron(2));
    await nextFrame();
    conversation.answered(2);
    conversation.ask(neuron(3));
    await nextFrame();
    vi.advanceTimersByTime(UNKNOWN_MS + 500);
    expect(silence).toBe("waiting");
  });

  test("ends when a late answer comes after all", async () => {
    kernel = "idle";
    conversation.ask(neuron(1));
    await nextFrame();
    vi.advanceTimersByTime(IDLE_MS + 500);
    conversation.answered(1);
    expect(silence).toBe("none");
  });
});
