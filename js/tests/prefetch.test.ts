import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { NeuronPlace } from "../src/protocol/protocol";
import { PAUSE_MS, prefetching, REST_MS } from "../src/store/prefetch";

const NEURON = { channel: 3, y: 1, x: 2 };
let told: (NeuronPlace | null)[];
let allowed: boolean;
let prefetch: ReturnType<typeof prefetching>;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  allowed = true;
  prefetch = prefetching(
    (neuron) => told.push(neuron),
    () => allowed,
  );
});

afterEach(() => {
  vi.useRealTimers();
});

test("a neuron is told of after a rest over it, once, whoever draws meanwhile", () => {
  prefetch.point(NEURON);
  vi.advanceTimersByTime(REST_MS - 1);
  prefetch.point({ ...NEURON });
  expect(told).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told).toEqual([NEURON]);
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([NEURON]);
});

test("a pointer that moves on is told of where it stops", () => {
  for (let x = 0; x < 20; x++) {
    prefetch.point({ ...NEURON, x });
    vi.advanceTimersByTime(REST_MS / 2);
  }
  expect(told).toEqual([]);
  vi.advanceTimersByTime(REST_MS);
  expect(told).toEqual([{ ...NEURON, x: 19 }]);
});

test("at most six a second are told, the last of them always", () => {
  for (let x = 0; x < 10; x++) {
    prefetch.point({ ...NEURON, x });
    vi.advanceTimersByTime(REST_MS + 20);
  }
  expect(told.length).toBeLessThanOrEqual(6);
  vi.advanceTimersByTime(PAUSE_MS);
  expect(told.at(-1)).toEqual({ ...NEURON, x: 9 });
});

test("that the pointer left is told too", () => {
  prefetch.point(NEURON);
  vi.advanceTimersByTime(REST_MS);
  prefetch.point(null);
  vi.advanceTimersByTime(PAUSE_MS);
  expect(told).toEqual([NEURON, null]);
});

test("nothing is told while it is not allowed, nor after the end", () => {
  allowed = false;
  prefetch.point(NEURON);
  vi.advanceTimersByTime(1000);
  allowed = true;
  prefetch.point({ ...NEURON, x: 9 });
  prefetch.stop();
  vi.advanceTimersByTime(1000);
  expect(told).toEqual([]);
});
