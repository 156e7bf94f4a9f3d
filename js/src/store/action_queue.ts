/**
 * The steps that a person takes: presses of keys, and choices of another place. Each starts from where those before it
 * led. A press waits where only the kernel's answer tells that place; a choice overtakes the presses that wait. Where
 * a place is refused, the steps around it are taken once more, each from the answer to the one before. So the same
 * steps end at the same place, however long the answers take.
 */

import type { ViewRequest } from "../protocol/protocol";
import type { Command } from "./keys";

type Ask = (changes: Partial<ViewRequest>) => void;

/** A key press. */
export interface Press {
  readonly does: Command[0];
  /** Carries it out, where the place it starts from is known; returns whether it did. */
  readonly attempt: (ask: Ask) => boolean;
}

interface Step extends Omit<Press, "does"> {
  readonly does: Press["does"] | "choose";
}

export interface ActionQueueOptions {
  /** Asks for another place; returns the place that is requested now, or null where there is none. */
  readonly ask: (changes: Partial<ViewRequest>) => ViewRequest | null;
  /** Whether nothing is asked for that is not drawn. */
  readonly isSettled: () => boolean;
  /** Takes back what is asked for. */
  readonly withdraw: () => void;
  /** Told of a press that a choice overtook, and that was to leave something behind. */
  readonly lost: (does: "pin" | "save") => void;
}

export interface Steps {
  press(press: Press): void;
  choose(changes: Partial<ViewRequest>): void;
  /** Says that a place is drawn. */
  drawn(place: ViewRequest | null): void;
  /** Says that what was asked last is refused; returns whether steps are taken once more because of it. */
  refused(): boolean;
  /** Takes the steps that need to wait no longer. */
  resume(): void;
  /** Gives up what waits. */
  forget(): void;
}

export const actionQueue = ({ ask, isSettled, withdraw, lost }: ActionQueueOptions): Steps => {
  let waiting: readonly Step[] = [];
  /** Steps taken since the drawn place, with what was requested after each. */
  let taken: readonly (readonly [step: Step, requested: ViewRequest | null])[] = [];

  const attempt = (step: Step): boolean => {
    let requested: ViewRequest | null = null;
    const done = step.attempt((changes) => {
      requested = ask(changes);
    });
    if (done && (requested || taken.length > 0)) taken = [...taken, [step, requested]];
    return done;
  };

  /** Whether a choice leads to the same place whatever the steps that wait come to. */
  const overtakes = (changes: Partial<ViewRequest>): boolean =>
    !waiting.some(({ does }) => does === "choose" || (does === "layer" && !changes.neuron && !("layer" in changes)));

  const overtake = (): void => {
    for (const step of waiting)
      if (step.does === "pin" || step.does === "save") lost(step.does);
      else taken = [...taken, [step, null]];
    waiting = [];
  };

  const resume = (): void => {
    for (let [next] = waiting; next && attempt(next); [next] = waiting) waiting = waiting.slice(1);
  };

  return {
    resume,
    press(press) {
      waiting = [...waiting, press];
      resume();
    },
    choose(changes) {
      const step: Step = {
        does: "choose",
        attempt(ask) {
          ask(changes);
          return true;
        },
      };
      const moves = "neuron" in changes;
      if (moves && !overtakes(changes)) waiting = [...waiting, step];
      else {
        if (moves) overtake();
        attempt(step);
      }
    },
    drawn(place) {
      taken = taken.slice(taken.findIndex(([, requested]) => requested === place) + 1);
      if (!taken.some(([, requested]) => requested)) taken = [];
    },
    refused() {
      const again = taken.length > 1 ? taken : [];
      taken = [];
      if (again.length === 0) return false;
      withdraw();
      const oneByOne = again.map(([step]) => ({
        ...step,
        attempt: (ask: Ask) => isSettled() && step.attempt(ask),
      }));
      waiting = [...oneByOne, ...waiting];
      return true;
    },
    forget() {
      waiting = taken = [];
    },
  };
};
