/** What every view is given, and what it is. */

import type { Tree } from "../dom";
import type { State } from "../store/state";
import type { Store } from "../store/store";

export interface ViewServices {
  readonly store: Store;
  /** Asks for a frame: something has changed that only this display knows. */
  readonly redraw: () => void;
  /** The value of a theme variable, for what is drawn on canvases. */
  readonly colour: (name: string) => string;
  /** Paints everything anew when the size of an element changes. */
  readonly watchSize: (target: Element) => void;
  /** Shows a line at the pointer, or none. */
  readonly tip: (text: string, at?: MouseEvent) => void;
  /** Gives the focus to the root, where the keys move the neuron. */
  readonly focus: () => void;
}

/** What a part of the screen should be. */
export type Component = (state: State) => Tree;
