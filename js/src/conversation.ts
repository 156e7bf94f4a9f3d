/**
 * The browser's side of asking: one query in flight, the newest wish waits for the answer, the latest wins.
 * A query that stays without an answer for long no longer holds the next one back.
 */

import type { Wanted } from "./protocol";

/** How long a query may hold back a newer one. */
export const PATIENCE_MS = 2000;
/** After this long without an answer the person is told. */
export const SILENCE_MS = 1500;
/** After this long a kernel that stands idle, and never answered, is taken not to know this widget. */
export const IDLE_MS = 3000;
/** After this long without any sign of life there is taken to be no kernel. */
export const GIVE_UP_MS = 4500;

/** `absent`: there is none; `unknown`: the host does not tell. */
export type KernelState = "absent" | "idle" | "busy" | "unknown";

/** What the person is told while nothing answers. */
export type Silence = "none" | "waiting" | "no kernel";

interface Sent {
  readonly seq: number;
  readonly wanted: Wanted;
  readonly at: number;
}

export interface ConversationParts {
  /** Sends a query; the answer carries its number. */
  readonly send: (wanted: Wanted, seq: number) => void;
  readonly kernelState: () => KernelState;
  /** True while the kernel reports progress: it lives, whatever the clock says. */
  readonly working: () => boolean;
  readonly changed: () => void;
}

export class Conversation {
  readonly #parts: ConversationParts;
  #seq = 0;
  #wanted: Wanted | null = null;
  #sent: Sent | null = null;
  #silence: Silence = "none";
  #everAnswered = false;
  #frame: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  /** The place asked for and not yet drawn. */
  get wanted(): Wanted | null {
    return this.#wanted;
  }

  get silence(): Silence {
    return this.#silence;
  }

  /** The number of the query that is under way, or null. */
  get inFlight(): number | null {
    return this.#sent?.seq ?? null;
  }

  ask(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#parts.changed();
    this.#sendNextFrame();
  }

  /** True where an answer to this query came too late: a newer one of this browser's is under way. */
  isStale(seq: number): boolean {
    return seq < this.#seq;
  }

  /** The answer, or the failure, that ends the query `seq`. */
  answered(seq: number): void {
    this.#everAnswered = true;
    this.#silence = "none";
    if (seq < this.#seq) return;
    const sent = this.#sent;
    this.#sent = null;
    clearTimeout(this.#timer);
    if (sent === null || this.#wanted === sent.wanted) this.#wanted = null;
    if (this.#wanted !== null) this.#sendNextFrame();
    this.#parts.changed();
  }

  /** The host says that its connection to the kernel changed. */
  disconnected(): void {
    if (this.#parts.kernelState() !== "absent" && this.#sent === null) return;
    this.#giveUp();
  }

  stop(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    clearTimeout(this.#timer);
    this.#sent = null;
    this.#wanted = null;
  }

  #sendNextFrame(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#flush();
    });
  }

  #flush(): void {
    const wanted = this.#wanted;
    if (wanted === null || wanted === this.#sent?.wanted) return;
    if (this.#parts.kernelState() === "absent") {
      this.#giveUp();
      return;
    }
    const now = performance.now();
    if (this.#sent !== null && now - this.#sent.at < PATIENCE_MS) return;
    this.#seq += 1;
    this.#sent = { seq: this.#seq, wanted, at: now };
    this.#parts.send(wanted, this.#seq);
    this.#watch(SILENCE_MS);
  }

  /** Looks again after `delay`: is a newer wish to be sent, and is there still a kernel? */
  #watch(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const sent = this.#sent;
      if (sent === null) return;
      if (this.#wanted !== sent.wanted && performance.now() - sent.at >= PATIENCE_MS) {
        this.#flush();
        return;
      }
      if (this.#noKernelAfter(performance.now() - sent.at)) {
        this.#giveUp();
        return;
      }
      this.#silence = "waiting";
      this.#parts.changed();
      this.#watch(500);
    }, delay);
  }

  #noKernelAfter(milliseconds: number): boolean {
    if (this.#parts.working()) return false;
    switch (this.#parts.kernelState()) {
      case "absent":
        return true;
      case "idle": // may still compute on a subshell, which JupyterLab does not count as busy
        return milliseconds >= (this.#everAnswered ? GIVE_UP_MS : IDLE_MS);
      case "busy":
        return false;
      case "unknown":
        return !this.#everAnswered && milliseconds >= GIVE_UP_MS;
    }
  }

  #giveUp(): void {
    clearTimeout(this.#timer);
    this.#sent = null;
    this.#wanted = null;
    this.#silence = "no kernel";
    this.#parts.changed();
  }
}
