/**
 * The browser's side of asking: one query in flight, the newest wish waits for the answer, the latest wins.
 * A query that stays without an answer for long no longer holds the next one back.
 */

import type { Wanted } from "./protocol";

/** How long a query may hold back a newer one; and how often the clock is looked at. */
export const PATIENCE_MS = 300;
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
  /** Told the place asked for and not yet drawn, and whether anything answers. */
  readonly changed: (wanted: Wanted | null, silence: Silence) => void;
}

export interface Conversation {
  /** The number of the query that is under way, or null. */
  readonly inFlight: number | null;
  ask(wish: Wanted): void;
  /** True where an answer to this query came too late: a newer one of this browser's is under way. */
  isStale(answer: number): boolean;
  /** The answer, or the failure, that ends the query of this number. */
  answered(answer: number): void;
  /** The host says that its connection to the kernel changed. */
  disconnected(): void;
  stop(): void;
}

export const conversation = ({ send, kernelState, working, changed }: ConversationParts): Conversation => {
  let seq = 0;
  let wanted: Wanted | null = null;
  let sent: Sent | null = null;
  let silence: Silence = "none";
  let everAnswered = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (): void => changed(wanted, silence);

  /** Sends the last of what one event asks for, before anything is drawn: a frame is felt. */
  const sendSoon = (): void => queueMicrotask(() => sent || flush());

  const flush = (): void => {
    if (!wanted) return;
    if (kernelState() === "absent") {
      giveUp();
      return;
    }
    if (wanted !== sent?.wanted) {
      seq += 1;
      sent = { seq, wanted, at: performance.now() };
      send(wanted, seq);
    }
    clearTimeout(timer);
    timer = setTimeout(look, PATIENCE_MS);
  };

  /** Is there still a kernel, and is a newer wish to be sent? */
  const look = (): void => {
    if (!sent) return;
    const silent = performance.now() - sent.at;
    if (noKernelAfter(silent)) {
      giveUp();
      return;
    }
    if (silent >= SILENCE_MS && silence === "none") {
      silence = "waiting";
      tell();
    }
    flush();
  };

  const noKernelAfter = (milliseconds: number): boolean => {
    if (working()) return false;
    const state = kernelState();
    // An idle one may still compute on a subshell, which JupyterLab does not count as busy.
    if (state === "idle") return milliseconds >= (everAnswered ? GIVE_UP_MS : IDLE_MS);
    return state === "absent" || (state === "unknown" && !everAnswered && milliseconds >= GIVE_UP_MS);
  };

  const giveUp = (): void => {
    clearTimeout(timer);
    sent = wanted = null;
    silence = "no kernel";
    tell();
  };

  return {
    get inFlight() {
      return sent?.seq ?? null;
    },
    ask(wish) {
      wanted = wish;
      tell();
      sendSoon();
    },
    isStale: (answer) => answer < seq,
    answered(answer) {
      everAnswered = true;
      silence = "none";
      if (answer < seq) return;
      clearTimeout(timer);
      if (!sent || wanted === sent.wanted) wanted = null;
      sent = null;
      if (wanted) sendSoon();
      tell();
    },
    disconnected() {
      if (kernelState() === "absent" || sent) giveUp();
    },
    stop() {
      clearTimeout(timer);
      sent = wanted = null;
      tell();
    },
  };
};
