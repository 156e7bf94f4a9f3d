import { expect, test } from "vitest";
import { commandFor } from "../../src/store/keys";

function press(key: string, ...modifiers: string[]): Parameters<typeof commandFor>[0] {
  return {
    key,
    ctrlKey: modifiers.includes("Control"),
    metaKey: modifiers.includes("Meta"),
    altKey: modifiers.includes("Alt"),
    getModifierState: (name) => modifiers.includes(name),
  };
}

test("arrows move the neuron by one place", () => {
  expect(commandFor(press("ArrowUp"))).toEqual(["move", -1, 0]);
  expect(commandFor(press("ArrowRight"))).toEqual(["move", 0, 1]);
});

test("brackets step through channels, also where AltGr writes them", () => {
  expect(commandFor(press("["))).toEqual(["channel", -1]);
  expect(commandFor(press("]", "Control", "Alt", "AltGraph"))).toEqual(["channel", 1]);
});

test("keys with modifiers and unknown keys stay the host's", () => {
  expect(commandFor(press("m", "Control"))).toBeNull();
  expect(commandFor(press("ArrowUp", "Meta"))).toBeNull();
  expect(commandFor(press("Enter"))).toBeNull();
  expect(commandFor(press("constructor"))).toBeNull();
});
