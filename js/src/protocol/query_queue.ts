/**
 * The browser's side of asking: one query in flight, the newest wish waits for the answer, the latest wins.
 * A query that stays without an answer for long no longer holds the next one back.
 */

import type { ViewRequest } from "./protocol";

/** How long a query may hold back a newer one; and how often the clock is looked at. */
export const PATIENCE_MS = 300;
/** After this long without an answer the person is told. */
export const WAITING_MS = 1500;
/** This long after a sign of life, a kernel that stands idle and never answered is taken not to know this widget. */
export const IDLE_MS = 3000;
/** And this long after one, if it answered before. */
export const GIVE_UP_MS = 4500;
/** After this long there is taken to be no kernel, where the host does not tell and none ever answered. */
export const UNKNOWN_MS = 10_000;

/** `absent`: there is none; `unknown`: the host does not tell. */
export type KernelState = "absent" | "idle" | "busy" | "unknown";

/** What the person is told while nothing answers. */
export type Outage = "none" | "waiting" | "no kernel";

interface Sent {
  readonly seq: number;
  readonly requested: ViewRequest;
}

export interface QueryQueueOptions {
  /** Sends a query; the answer carries its number. */
  readonly send: (requested: ViewRequest, seq: number) => void;
  readonly kernelState: () => KernelState;
  /** Asks the kernel for a sign of life, which a busy machine delays like an answer; null where the host cannot. */
  readonly pingKernel: () => Promise<unknown> | null;
  /** True while the kernel reports progress: it lives, whatever the clock says. */
  readonly working: () => boolean;
  /** Told the place asked for and not yet drawn, and whether anything answers. */
  readonly changed: (requested: ViewRequest | null, outage: Outage) => void;
}

export interface QueryQueue {
  /** The number of the query that is under way, or null. */
  readonly inFlight: number | null;
  ask(wish: ViewRequest): void;
  /** True where an answer to this query came too late: a newer one of this browser's is under way. */
  isStale(answer: number): boolean;
  /** The answer, or the failure, that ends the query of this number; returns what was asked, null where it came too late. */
  answered(answer: number): ViewRequest | null;
  /** Wants nothing any more; an answer to what is under way comes too late. */
  withdraw(): void;
  /** The host says that its connection to the kernel changed. */
  disconnected(): void;
  stop(): void;
}

export const queryQueue = ({ send, kernelState, pingKernel, working, changed }: QueryQueueOptions): QueryQueue => {
  let seq = 0;
  let requested: ViewRequest | null = null;
  let sent: Sent | null = null;
  /** What was asked last. */
  let last: ViewRequest | null = null;
  let outage: Outage = "none";
  let everAnswered = false;
  /** For how long the query under way has been without an answer, and until when that was counted. */
  let silent = 0;
  let looked = 0;
  /** The query that a sign of life was asked for, and how long it has been silent since that came. */
  let doubted: Sent | null = null;
  let lives = false;
  let idle = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (): void => changed(requested, outage);

  /** Sends the last of what one event asks for, before anything is drawn: a frame is felt. */
  const sendSoon = (): void => queueMicrotask(() => sent || flush());

  const flush = (): void => {
    if (!requested) return;
    if (kernelState() === "absent") {
      giveUp();
      return;
    }
    sendIfNew();
    clearTimeout(timer);
    timer = setTimeout(look, PATIENCE_MS);
  };

  const sendIfNew = (): void => {
    if (!requested || requested === sent?.requested) return;
    seq += 1;
    silent = idle = 0;
    looked = performance.now();
    sent = { seq, requested };
    last = requested;
    send(requested, seq);
  };

  /** Is there still a kernel, and is a newer wish to be sent? */
  const look = (): void => {
    if (!sent) return;
    // A browser that is held up itself hears no answer either: that is not outage.
    const elapsed = Math.min(performance.now() - looked, 2 * PATIENCE_MS);
    looked = performance.now();
    silent += elapsed;
    if (noKernelAfter(elapsed)) {
      sendIfNew(); // should an answer come after all, it is to the last wish
      giveUp();
      return;
    }
    if (silent >= WAITING_MS && outage === "none") {
      outage = "waiting";
      tell();
    }
    flush();
  };

  /** Whether there is taken to be no kernel, so long after the last look. */
  const noKernelAfter = (elapsed: number): boolean => {
    if (working()) return false;
    const state = kernelState();
    // An idle one may still compute on a subshell, which JupyterLab does not count as busy.
    if (state === "idle") {
      doubt();
      if (lives) idle += elapsed;
      return idle >= (everAnswered ? GIVE_UP_MS : IDLE_MS);
    }
    return state === "absent" || (state === "unknown" && !everAnswered && silent >= UNKNOWN_MS);
  };

  /** Asks for a sign of life, once a query: only a kernel that gives one, and no answer, does not know this widget. */
  const doubt = (): void => {
    if (doubted === sent) return;
    doubted = sent;
    const sign = pingKernel();
    lives = sign === null;
    const come = (): void => {
      lives ||= doubted === sent;
    };
    sign?.then(come, come);
  };

  const giveUp = (): void => {
    clearTimeout(timer);
    sent = requested = null;
    outage = "no kernel";
    tell();
  };

  const withdraw = (): void => {
    clearTimeout(timer);
    sent = requested = null;
    tell();
  };

  return {
    get inFlight() {
      return sent?.seq ?? null;
    },
    ask(wish) {
      requested = wish;
      tell();
      sendSoon();
    },
    isStale: (answer) => answer < seq,
    answered(answer) {
      everAnswered = true;
      outage = "none";
      if (answer < seq) return null;
      clearTimeout(timer);
      if (!sent || requested === sent.requested) requested = null;
      sent = null;
      if (requested) sendSoon();
      tell();
      return last;
    },
    withdraw,
    disconnected() {
      if (kernelState() === "absent" || sent) giveUp();
    },
    stop: withdraw,
  };
};
