/**
 * Native lists to choose from. On a closed one, arrow keys and letters change the value at once: what they come to is
 * taken with Enter, or when the list is left. After a choice by pointer the keys move the neuron again.
 */

import { h, type Tree } from "../../dom";
import type { ViewServices } from "../component";

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
    const take = (): void => {
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
          if (!byKeys) take();
        },
        onchange: ({ currentTarget }) => {
          reached = currentTarget.value;
          if (byKeys) return;
          take();
          focus();
        },
        onblur: take,
      },
      options.map(([value, text]) => h("option", { value }, text)),
    );
  };
};
