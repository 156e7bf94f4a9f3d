/** A native list to choose from. */

import { h, type Tree } from "../dom";

export const select = <Value extends string>(
  label: string,
  look: string,
  options: readonly (readonly [value: Value, text: string])[],
  chosen: Value | undefined,
  choose: (value: Value) => void,
): Tree =>
  h(
    `select.select.${look}`,
    { label, value: chosen ?? "", onchange: ({ currentTarget }) => choose(currentTarget.value as Value) },
    options.map(([value, text]) => h("option", { value }, text)),
  );
