import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NeuronPlace } from "../../src/protocol/protocol";
import { PAUSE_MS, prefetching, REST_MS } from "../../src/store/prefetch";

const NEURON = { channel: 3, y: 1, x: 2 };
let sent: (NeuronPlace | null)[];
let allowed: boolean;
let prefetch: ReturnType<typeof prefetching>;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  allowed = true;
  prefetch = prefetching(
    (neuron) => sent.push(neuron),
    () => allowed,
  );
});

afterEach(() => {
  vi.useRealTimers();
});

test("a neuron is sent after a rest over it, once, whoever draws meanwhile", () => {
  prefetch.point(NEURON);
  vi.advanceTimersByTime(REST_MS - 1);
  prefetch.point({ ...NEURON });
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(sent).toEqual([NEURON]);
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([NEURON]);
});

test("a pointer that moves on is sent where it stops", () => {
  for (let x = 0; x < 20; x++) {
    prefetch.point({ ...NEURON, x });
    vi.advanceTimersByTime(REST_MS / 2);
  }
  expect(sent).toEqual([]);
  vi.advanceTimersByTime(REST_MS);
  expect(sent).toEqual([{ ...NEURON, x: 19 }]);
});

test("at most six a second are sent, the last of them always", () => {
  for (let x = 0; x < 10; x++) {
    prefetch.point({ ...NEURON, x });
    vi.advanceTimersByTime(REST_MS + 20);
  }
  expect(sent.length).toBeLessThanOrEqual(6);
  vi.advanceTimersByTime(PAUSE_MS);
  expect(sent.at(-1)).toEqual({ ...NEURON, x: 9 });
});

test("that the pointer left is sent too", () => {
  prefetch.point(NEURON);
  vi.advanceTimersByTime(REST_MS);
  prefetch.point(null);
  vi.advanceTimersByTime(PAUSE_MS);
  expect(sent).toEqual([NEURON, null]);
});

test("nothing is sent while it is not allowed, nor after the end", () => {
  allowed = false;
  prefetch.point(NEURON);
  vi.advanceTimersByTime(1000);
  allowed = true;
  prefetch.point({ ...NEURON, x: 9 });
  prefetch.stop();
  vi.advanceTimersByTime(1000);
  expect(sent).toEqual([]);
});
