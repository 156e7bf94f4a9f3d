/** A stand-in for a notebook: a widget model that holds traits and hands queries to whoever answers them. */

import type { Traits, WidgetModel } from "../src/protocol/protocol";

/** Takes what the browser set, and gives what the kernel has set since it was asked last. */
export type Kernel = (changes: Dump) => Promise<Dump>;

/** How often the kernel is asked for what it computed in the background. */
const LOOK_MS = 150;

/** Trait names to values; binary ones as base64 under `{"base64": …}`. */
export type Dump = Readonly<Record<string, unknown>>;

type Listener = () => void;

export class HostModel implements WidgetModel {
  readonly #traits = new Map<string, unknown>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #kernel: Kernel | null;
  readonly widget_manager: unknown;
  #changed = new Set<keyof Traits>();
  #inFlight = false;

  constructor(dump: Dump, kernel: Kernel | null) {
    this.#kernel = kernel;
    this.widget_manager = { kernel: kernel === null ? null : { status: "busy" } };
    this.receive(dump);
    if (kernel !== null) setInterval(() => this.#exchange(), LOOK_MS);
  }

  /** The number of listeners, for tests of cleaning up. */
  get listening(): number {
    return [...this.#listeners.values()].reduce((sum, listeners) => sum + listeners.size, 0);
  }

  get<K extends keyof Traits>(key: K): Traits[K] | undefined {
    return this.#traits.get(key) as Traits[K] | undefined;
  }

  set<K extends keyof Traits>(key: K, value: Traits[K]): void {
    this.#traits.set(key, value);
    this.#changed.add(key);
    this.#tell(key);
  }

  save_changes(): void {
    void this.#exchange();
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
  async #exchange(): Promise<void> {
    if (this.#kernel === null || this.#inFlight) return;
    const changes = Object.fromEntries([...this.#changed].map((key) => [key, encoded(this.get(key))]));
    this.#changed.clear();
    this.#inFlight = true;
    try {
      this.receive(await this.#kernel(changes));
    } finally {
      this.#inFlight = false;
    }
    if (this.#changed.size > 0) await this.#exchange();
  }

  #tell(name: string): void {
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }
}

function encoded(value: unknown): unknown {
  if (!(value instanceof DataView)) return value;
  const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return { base64: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
}

/** Bytes as hosts hand them out: a DataView somewhere inside a larger buffer. */
function decoded(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("base64" in value)) return value;
  const text = atob(String(value.base64));
  const buffer = new Uint8Array(text.length + 3);
  for (let index = 0; index < text.length; index++) buffer[index + 3] = text.charCodeAt(index);
  return new DataView(buffer.buffer, 3);
}
