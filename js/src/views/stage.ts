/** What every part of the screen is given, and what it gives back. */

import type { State, Store } from "../store";
import type { Tooltip } from "./tooltip";

export interface Stage {
  readonly store: Store;
  readonly root: HTMLElement;
  /** Ends every listener of this display. */
  readonly signal: AbortSignal;
  readonly tooltip: Tooltip;
  /** The value of a theme variable, for what is drawn on canvases. */
  readonly colour: (name: string) => string;
  /** Draws a part anew in the next frame, whatever has changed. */
  readonly redraw: (part: Part) => void;
  /** Watches the size of an element until the display ends; a new size draws everything anew. */
  readonly watchSize: (target: Element) => void;
  readonly toggleHelp: () => void;
}

export interface Part {
  readonly element: HTMLElement;
  /** Brings the part up to date; `before` is the state it drew last, null where it must draw everything. */
  draw(state: State, before: State | null): void;
}

/** Whether a part must draw: for the first time, or because one of what it reads has changed. */
export function changed(state: State, before: State | null, read: (one: State) => readonly unknown[]): boolean {
  if (!before) return true;
  const then = read(before);
  return read(state).some((value, index) => value !== then[index]);
}
