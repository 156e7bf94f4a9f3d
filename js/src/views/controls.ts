/** Controls and small elements that several views have. */

import { type Child, h, type Tree, take } from "../dom";
import { commandFor } from "../store/keys";
import type { ViewServices } from "./component";

export const thumbnail = (src: string): Tree => h("img", { src, alt: "" });

/** Screen readers announce it when it changes. */
export const remark = (text: string): Tree => h("span.muted", { role: "status" }, text);

export const closeButton = (named: string, onclick: () => void, look = "button"): Tree =>
  h(`button.${look}`, { named, onclick }, "×");

export interface Option<Value> {
  readonly value: Value;
  readonly label: string;
  readonly content: Child;
  readonly attributes?: Readonly<Record<`data-${string}`, string | number>>;
}

/** Buttons of which one is chosen: arrows move within them, Tab passes them as one stop. */
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

/** A native list. A choice by keys is made with Enter, or when the list is left: each arrow key changes the value at once. */
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
