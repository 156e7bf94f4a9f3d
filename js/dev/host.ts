/** A stand-in for a notebook: a widget model that holds traits and hands queries to whoever answers them. */

import type { Query, Traits, WidgetModel } from "../src/protocol";

/** Trait names to values; binary ones as base64 under `{"base64": …}`. */
export type Dump = Readonly<Record<string, unknown>>;

type Listener = () => void;

export class HostModel implements WidgetModel {
  readonly #traits = new Map<string, unknown>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #answer: ((query: Query) => Promise<Dump>) | null;
  readonly widget_manager: unknown;
  #queryChanged = false;
  #inFlight = false;

  constructor(dump: Dump, answer: ((query: Query) => Promise<Dump>) | null) {
    this.#answer = answer;
    this.widget_manager = { kernel: answer === null ? null : { status: "busy" } };
    this.receive(dump);
  }

  /** The number of listeners, for tests of cleaning up. */
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  get<K extends keyof Traits>(key: K): Traits[K] {
    return this.#traits.get(key) as Traits[K];
  }

  set<K extends keyof Traits>(key: K, value: Traits[K]): void {
    this.#traits.set(key, value);
    if (key === "_query") this.#queryChanged = true;
    this.#tell(key);
  }

  save_changes(): void {
    void this.#ask();
  }

  on(event: string, listener: Listener): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  off(event: string, listener: Listener): void {
    this.#listeners.get(event)?.delete(listener);
  }

  /** Takes an update as from the kernel: all values first, then the events. */
  receive(dump: Dump): void {
    for (const [name, value] of Object.entries(dump)) this.#traits.set(name, decoded(value));
    for (const name of Object.keys(dump)) this.#tell(name);
  }

  /** As JupyterLab does: one update in flight, later ones merge. */
  async #ask(): Promise<void> {
    if (this.#answer === null || !this.#queryChanged || this.#inFlight) return;
    this.#queryChanged = false;
    this.#inFlight = true;
    try {
      this.receive(await this.#answer(this.get("_query")));
    } finally {
      this.#inFlight = false;
    }
    await this.#ask();
  }

  #tell(name: string): void {
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }
}

/** Bytes as hosts hand them out: a DataView somewhere inside a larger buffer. */
function decoded(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("base64" in value)) return value;
  const text = atob(String(value.base64));
  const buffer = new Uint8Array(text.length + 3);
  for (let index = 0; index < text.length; index++) buffer[index + 3] = text.charCodeAt(index);
  return new DataView(buffer.buffer, 3);
}
