/** Key presses and choices of places, each starting from where those before it led, however long answers take. */

import type { ViewRequest } from "../protocol/protocol";
import type { Command } from "./keys";

type Ask = (changes: Partial<ViewRequest>) => void;

/** A key press. It waits where only the kernel’s answer tells where it starts from. */
export interface Press {
  readonly command: Command[0];
  /** Carries it out where the place it starts from is known; returns whether it did. */
  readonly attempt: (ask: Ask) => boolean;
}

interface Action extends Omit<Press, "command"> {
  readonly command: Press["command"] | "choose";
}

export interface ActionQueueOptions {
  /** Asks for another place; returns what is requested now, or null. */
  readonly ask: (changes: Partial<ViewRequest>) => ViewRequest | null;
  /** Whether everything requested is shown. */
  readonly isSettled: () => boolean;
  /** Withdraws the request. */
  readonly withdraw: () => void;
  /** Called where a choice overtook a press that was to pin or save. */
  readonly overtaken: (command: "pin" | "save") => void;
}

export const actionQueue = ({ ask, isSettled, withdraw, overtaken }: ActionQueueOptions) => {
  let waiting: readonly Action[] = [];
  /** The actions since the place shown, with what was requested after each. */
  let taken: readonly (readonly [action: Action, requested: ViewRequest | null])[] = [];

  const attempt = (action: Action): boolean => {
    let requested: ViewRequest | null = null;
    const done = action.attempt((changes) => {
      requested = ask(changes);
    });
    if (done && (requested || taken.length > 0)) taken = [...taken, [action, requested]];
    return done;
  };

  /** Whether a choice leads to the same place whatever the waiting actions come to. If so it overtakes them. */
  const canOvertake = (changes: Partial<ViewRequest>): boolean =>
    !waiting.some(
      ({ command }) => command === "choose" || (command === "layer" && !changes.neuron && !("layer" in changes)),
    );

  const overtake = (): void => {
    for (const action of waiting)
      if (action.command === "pin" || action.command === "save") overtaken(action.command);
      else taken = [...taken, [action, null]];
    waiting = [];
  };

  /** Carries out the actions that no longer need to wait. */
  const resume = (): void => {
    for (let [next] = waiting; next && attempt(next); [next] = waiting) waiting = waiting.slice(1);
  };

  return {
    resume,

    press(press: Press): void {
      waiting = [...waiting, press];
      resume();
    },

    choose(changes: Partial<ViewRequest>): void {
      const attemptChoice = (ask: Ask): boolean => {
        ask(changes);
        return true;
      };
      const action: Action = { command: "choose", attempt: attemptChoice };
      const moves = "neuron" in changes;
      if (moves && !canOvertake(changes)) waiting = [...waiting, action];
      else {
        if (moves) overtake();
        attempt(action);
      }
    },

    /** Called when a request is shown. */
    shown(request: ViewRequest | null): void {
      taken = taken.slice(taken.findIndex(([, requested]) => requested === request) + 1);
      if (!taken.some(([, requested]) => requested)) taken = [];
    },

    /** Repeats the actions around a refused request one by one; returns whether there are any. */
    refused(): boolean {
      const again = taken.length > 1 ? taken : [];
      taken = [];
      if (again.length === 0) return false;
      withdraw();
      const oneByOne = again.map(([action]) => ({
        ...action,
        attempt: (ask: Ask) => isSettled() && action.attempt(ask),
      }));
      waiting = [...oneByOne, ...waiting];
      return true;
    },

    /** Drops all actions that wait. */
    forget(): void {
      waiting = taken = [];
    },
  };
};
