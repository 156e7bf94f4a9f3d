/** The queries of this browser: one is in flight, and only the latest request waits for its answer. */

import type { ViewRequest } from "./protocol";

/** How long a query may hold back a newer one; also the interval between two looks at the clock. */
export const PATIENCE_MS = 300;
/** The person is informed after this long without an answer. */
export const WAITING_MS = 1500;
/** An idle kernel that never answered counts as not knowing this widget this long after it replied to a ping. */
export const IDLE_MS = 3000;
/** The same for a kernel that has answered before. */
export const GIVE_UP_MS = 4500;
/** Where the host does not report the kernel's state and none ever answered, it counts as absent after this long. */
export const UNKNOWN_MS = 10_000;

/** `unknown`: the host does not report it. */
export type KernelState = "absent" | "idle" | "busy" | "unknown";

/** The notice shown while nothing answers. */
export type Outage = "none" | "waiting" | "no kernel";

type Sent = Readonly<{ seq: number; requested: ViewRequest }>;

export interface QueryQueueOptions {
  /** Sends a query; the answer carries its number. */
  readonly send: (requested: ViewRequest, seq: number) => void;
  readonly kernelState: () => KernelState;
  /** Asks the kernel for any reply, which a busy machine delays like an answer; null where the host cannot. */
  readonly pingKernel: () => Promise<unknown> | null;
  /** Whether the kernel reports progress, which proves that it is alive. */
  readonly working: () => boolean;
  /** Called with the request that is not answered yet, and with whether anything answers. */
  readonly changed: (requested: ViewRequest | null, outage: Outage) => void;
}

export type QueryQueue = ReturnType<typeof queryQueue>;

export const queryQueue = ({ send, kernelState, pingKernel, working, changed }: QueryQueueOptions) => {
  let seq = 0;
  let requested: ViewRequest | null = null;
  let sent: Sent | null = null;
  let lastSent: ViewRequest | null = null;
  let outage: Outage = "none";
  let everAnswered = false;
  /** How long the query in flight has been unanswered, and until when that was counted. */
  let unanswered = 0;
  let countedUntil = 0;
  /** The query for which the kernel was pinged, whether it replied, and for how long it has been idle since. */
  let pinged: Sent | null = null;
  let replied = false;
  let idle = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const notify = (): void => changed(requested, outage);

  /** Sends the last request of one event, before anything is drawn: the delay of a frame would be felt. */
  const sendSoon = (): void => queueMicrotask(() => sent || flush());

  const flush = (): void => {
    if (!requested) return;
    if (kernelState() === "absent") withdraw("no kernel");
    else {
      sendIfNew();
      clearTimeout(timer);
      timer = setTimeout(checkClock, PATIENCE_MS);
    }
  };

  const sendIfNew = (): void => {
    if (!requested || requested === sent?.requested) return;
    seq += 1;
    unanswered = idle = 0;
    countedUntil = performance.now();
    sent = { seq, requested };
    lastSent = requested;
    send(requested, seq);
  };

  /** Checks whether there still is a kernel, and sends a newer request. */
  const checkClock = (): void => {
    if (!sent) return;
    // A browser that is itself held up receives no answer either: that time does not count.
    const elapsed = Math.min(performance.now() - countedUntil, 2 * PATIENCE_MS);
    countedUntil = performance.now();
    unanswered += elapsed;
    if (kernelIsGone(elapsed)) {
      sendIfNew(); // should an answer come after all, it is to the last request
      withdraw("no kernel");
      return;
    }
    if (unanswered >= WAITING_MS && outage === "none") {
      outage = "waiting";
      notify();
    }
    flush();
  };

  const kernelIsGone = (elapsed: number): boolean => {
    if (working()) return false;
    const state = kernelState();
    // An idle kernel may still compute on a subshell, which JupyterLab does not count as busy.
    if (state === "idle") {
      pingOnce();
      if (replied) idle += elapsed;
      return idle >= (everAnswered ? GIVE_UP_MS : IDLE_MS);
    }
    return state === "absent" || (state === "unknown" && !everAnswered && unanswered >= UNKNOWN_MS);
  };

  /** Pings the kernel once per query: one that replies but does not answer does not know this widget. */
  const pingOnce = (): void => {
    if (pinged === sent) return;
    pinged = sent;
    const ping = pingKernel();
    replied = ping === null;
    const onReply = (): void => {
      replied ||= pinged === sent;
    };
    ping?.then(onReply, onReply);
  };

  const withdraw = (now = outage): void => {
    clearTimeout(timer);
    sent = requested = null;
    outage = now;
    notify();
  };

  return {
    /** The number of the query in flight, or null. */
    get inFlight(): number | null {
      return sent?.seq ?? null;
    },

    ask(request: ViewRequest): void {
      requested = request;
      notify();
      sendSoon();
    },

    /** Whether a newer query than this one was sent, so that its answer comes too late. */
    isStale: (answer: number): boolean => answer < seq,

    /** Ends the query of this number by its answer or failure; returns the request, null where it came too late. */
    answered(answer: number): ViewRequest | null {
      everAnswered = true;
      outage = "none";
      if (answer < seq) return null;
      clearTimeout(timer);
      if (!sent || requested === sent.requested) requested = null;
      sent = null;
      if (requested) sendSoon();
      notify();
      return lastSent;
    },

    /** Drops all requests; the answer to the query in flight comes too late. */
    withdraw: (): void => withdraw(),

    /** Called when the host reports a change of its connection to the kernel. */
    disconnected(): void {
      if (kernelState() === "absent" || sent) withdraw("no kernel");
    },
  };
};
