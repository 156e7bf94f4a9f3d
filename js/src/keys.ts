/** What the keys do while the explorer has the focus. */

export type Command =
  | { readonly does: "move"; readonly rows: number; readonly columns: number }
  | { readonly does: "channel"; readonly step: -1 | 1 }
  | { readonly does: "layer"; readonly step: -1 | 1 }
  | { readonly does: "strongest" }
  | { readonly does: "pin" }
  | { readonly does: "save" }
  | { readonly does: "help" }
  | { readonly does: "close" };

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["ArrowUp", { does: "move", rows: -1, columns: 0 }],
  ["ArrowDown", { does: "move", rows: 1, columns: 0 }],
  ["ArrowLeft", { does: "move", rows: 0, columns: -1 }],
  ["ArrowRight", { does: "move", rows: 0, columns: 1 }],
  ["[", { does: "channel", step: -1 }],
  ["]", { does: "channel", step: 1 }],
  [",", { does: "layer", step: -1 }],
  [".", { does: "layer", step: 1 }],
  ["m", { does: "strongest" }],
  ["s", { does: "save" }],
  ["p", { does: "pin" }],
  ["?", { does: "help" }],
  ["Escape", { does: "close" }],
]);

/** For the help card. */
export const KEY_HELP: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [["←", "↑", "→", "↓"], "move the neuron"],
  [["[", "]"], "previous, next channel, in the atlas's order"],
  [[",", "."], "previous, next layer"],
  [["m"], "the layer's strongest neuron"],
  [["s"], "save the pictures as PNG"],
  [["p"], "pin this place"],
  [["Tab", "Enter"], "reach and use every control"],
  [["?"], "show or hide this card"],
];

interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  getModifierState(modifier: string): boolean;
}

/** The command of a key press, or null where the key belongs to somebody else. */
export function commandFor(press: KeyPress): Command | null {
  // AltGr, with which many keyboards write brackets, reports Ctrl and Alt as well.
  const modified = press.metaKey || ((press.ctrlKey || press.altKey) && !press.getModifierState("AltGraph"));
  return modified ? null : (COMMANDS.get(press.key) ?? null);
}

/** True where the key writes, or moves within a control of its own. */
export function ownsKeys(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input[type=range]")) return key.startsWith("Arrow");
  return target.matches("input, select, textarea");
}
