/** What every view is, and what it is given. */

import type { Child } from "../dom";
import type { State } from "../store/state";
import type { Store } from "../store/store";

/** Makes a part of the screen from the state. */
export type Component = (state: State) => Child;

/** What one display of the explorer offers to its views. */
export interface ViewServices {
  readonly store: Store;
  /** Asks for a frame: something has changed that only this display knows. */
  readonly redraw: () => void;
  /** The value of a theme variable, for drawing on canvases. */
  readonly colour: (name: string) => string;
  /** Repaints everything when the size of an element changes. */
  readonly watchSize: (target: Element) => void;
  /** Shows a line at the pointer, or none. */
  readonly tip: (text: string, at?: MouseEvent) => void;
  /** Gives the focus to the root, where the keys move the neuron. */
  readonly focus: () => void;
}
