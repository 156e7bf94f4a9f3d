/** A group of buttons of which one is chosen: arrows move within it, Tab passes it as one stop. */

import { type Child, h, type Tree, take } from "../../dom";
import { commandFor } from "../../store/keys";

export interface Option<Value> {
  readonly value: Value;
  readonly label: string;
  readonly content: Child;
  readonly attributes?: Readonly<Record<`data-${string}`, string | number>>;
}

/** `group` and `look` are the classes of the group and of each option. */
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
    { role: "radiogroup", label: label, onkeydown: move },
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

const move = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
  const radios = [...event.currentTarget.children] as HTMLElement[];
  const [does, rows = 0, columns = 0] = commandFor(event) ?? [];
  const step = does === "move" && rows + columns;
  const next = step && radios.at((radios.indexOf(event.target as HTMLElement) + step) % radios.length);
  if (!next) return;
  take(event);
  next.focus();
  next.click();
};
