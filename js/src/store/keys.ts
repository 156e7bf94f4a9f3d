/** What the keys do while the explorer has the focus. */

export type Command =
  | readonly [name: "move", rows: number, columns: number]
  | readonly [name: "channel" | "layer", step: -1 | 1]
  | readonly [name: "strongest" | "pin" | "save" | "help" | "close"];

const COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["ArrowUp", ["move", -1, 0]],
  ["ArrowDown", ["move", 1, 0]],
  ["ArrowLeft", ["move", 0, -1]],
  ["ArrowRight", ["move", 0, 1]],
  ["[", ["channel", -1]],
  ["]", ["channel", 1]],
  [",", ["layer", -1]],
  [".", ["layer", 1]],
  ["m", ["strongest"]],
  ["s", ["save"]],
  ["p", ["pin"]],
  ["?", ["help"]],
  ["Escape", ["close"]],
]);

/** For the help card: keys, and what they do. */
export const KEY_HELP: readonly (readonly [keys: string, meaning: string])[] = [
  ["← ↑ → ↓", "move the neuron"],
  ["[ ]", "previous, next channel of the atlas"],
  [", .", "previous, next layer"],
  ["m", "the layer’s strongest neuron"],
  ["s", "save the pictures as PNG"],
  ["p", "pin this place"],
];

export type KeyPress = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "getModifierState">;

/** The command of a key press, or null where the key belongs to somebody else. */
export const commandFor = (press: KeyPress): Command | null => {
  // AltGr, with which many keyboards write brackets, reports Ctrl and Alt as well.
  const modified = press.metaKey || ((press.ctrlKey || press.altKey) && !press.getModifierState("AltGraph"));
  return (!modified && COMMANDS.get(press.key)) || null;
};

/** True where the key writes, or moves within a control of its own. */
export const ownsKeys = (target: EventTarget | null, key: string): boolean => {
  if (!(target instanceof HTMLElement)) return false;
  return target.matches("input[type=range]")
    ? key.startsWith("Arrow")
    : target.matches("input:not([type=checkbox]), select");
};
