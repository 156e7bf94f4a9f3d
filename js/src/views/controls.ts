/** Controls and small elements that several views have. */

import { type Child, h, type Tree, take } from "../dom";
import { commandFor } from "../store/keys";
import type { ViewServices } from "./component";

/** A picture that the text beside it names. */
export const thumbnail = (src: string): Tree => h("img", { src, alt: "" });

/** A text that screen readers announce when it changes. */
export const remark = (text: string): Tree => h("span.muted", { role: "status" }, text);

export const closeButton = (named: string, onclick: () => void, look = "button"): Tree =>
  h(`button.${look}`, { named, onclick }, "×");

export interface Option<Value> {
  readonly value: Value;
  readonly label: string;
  readonly content: Child;
  readonly attributes?: Readonly<Record<`data-${string}`, string | number>>;
}

/**
 * A group of buttons of which one is chosen: arrows move within it, Tab passes it as one stop. `group` and `look` are
 * the classes of the group and of each option.
 */
export const choice = <Value extends string | number>(
  label: string,
  group: string,
  look: string,
  options: readonly Option<Value>[],
  chosen: Value | null,
  choose: (value: Value) => void,
): Tree => {
  const stop = options.find(({ value }) => value === chosen) ?? options[0];
  return h(
    `div.${group}`,
    { role: "radiogroup", label, onkeydown: moveInChoice },
    options.map((option) =>
      h(
        `button.${look}`,
        {
          key: option.value,
          role: "radio",
          tabIndex: option === stop ? 0 : -1,
          named: option.label,
          "aria-checked": option.value === chosen,
          ...option.attributes,
          onclick: () => choose(option.value),
        },
        option.content,
      ),
    ),
  );
};

const moveInChoice = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
  const radios = [...event.currentTarget.children] as HTMLElement[];
  const [name, rows = 0, columns = 0] = commandFor(event) ?? [];
  const step = name === "move" && rows + columns;
  const next = step && radios.at((radios.indexOf(event.target as HTMLElement) + step) % radios.length);
  if (!next) return;
  take(event);
  next.focus();
  next.click();
};

/**
 * A native list to choose from. On a closed one, arrow keys and letters change the value at once: the choice is made
 * with Enter, or when the list is left. After a choice by pointer the keys move the neuron again.
 */
export const listOf = ({ focus }: ViewServices) => {
  let reached: string | undefined;
  let byKeys = false;
  return <Value extends string>(
    label: string,
    look: string,
    options: readonly (readonly [value: Value, text: string])[],
    chosen: Value | undefined,
    choose: (value: Value) => void,
  ): Tree => {
    const commit = (): void => {
      if (reached !== undefined && reached !== chosen) choose(reached as Value);
      reached = undefined;
    };
    return h(
      `select.select.${look}`,
      {
        label,
        value: reached ?? chosen ?? "",
        onpointerdown: () => {
          byKeys = false;
        },
        onkeydown: ({ key }) => {
          byKeys = key !== "Enter";
          if (!byKeys) commit();
        },
        onchange: ({ currentTarget }) => {
          reached = currentTarget.value;
          if (byKeys) return;
          commit();
          focus();
        },
        onblur: commit,
      },
      options.map(([value, text]) => h("option", { value }, text)),
    );
  };
};

export interface SliderRange {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** The value that a double click sets. */
  readonly home: number;
}

/** A range input whose filled part is drawn by the style sheet. */
export const slider = (
  { home, ...range }: SliderRange,
  value: number,
  text: string,
  change: (value: number) => void,
): Tree =>
  h("input.slider", {
    type: "range",
    ...range,
    valueAsNumber: value,
    style: `--dcs-filled: ${(100 * (value - range.min)) / (range.max - range.min)}%`,
    "aria-valuetext": text,
    oninput: ({ currentTarget }) => change(currentTarget.valueAsNumber),
    ondblclick: () => change(home),
  });
