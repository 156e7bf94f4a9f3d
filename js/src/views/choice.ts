/** A group of buttons of which one is chosen: arrows move within it, Tab passes it as one stop. */

import { button, element, listen, setAttribute } from "../dom";

export interface Option<Value> {
  readonly value: Value;
  readonly label: string;
  readonly content: Node | string;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

export interface Choice<Value> {
  readonly element: HTMLElement;
  setOptions(options: readonly Option<Value>[], className: string): void;
  /** Marks the option whose value is `chosen`, and returns its button. */
  mark(chosen: Value | null): HTMLButtonElement | undefined;
}

export function choice<Value>(
  label: string,
  className: string,
  choose: (value: Value) => void,
  ended: AbortSignal,
): Choice<Value> {
  const group = element("div", { class: className, role: "radiogroup", "aria-label": label });
  let made: readonly { readonly value: Value; readonly radio: HTMLButtonElement }[] = [];
  let replaced = new AbortController();

  listen(group, ended, {
    keydown: (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const shown = made.filter(({ radio }) => !radio.hidden);
      const focused = shown.findIndex(({ radio }) => radio === event.target);
      const next = step && focused >= 0 && shown[(focused + step + shown.length) % shown.length];
      if (!next) return;
      event.preventDefault();
      event.stopPropagation();
      next.radio.focus();
      choose(next.value);
    },
  });
  const own: Choice<Value> = {
    element: group,
    setOptions(options, optionClass) {
      replaced.abort();
      replaced = new AbortController();
      const signal = AbortSignal.any([ended, replaced.signal]);
      made = options.map(({ value, label, content, attributes = {} }) => {
        const radio = button(optionClass, label, signal, () => choose(value), content);
        for (const [attribute, text] of Object.entries({ role: "radio", ...attributes }))
          setAttribute(radio, attribute, text);
        return { value, radio };
      });
      group.replaceChildren(...made.map(({ radio }) => radio));
      own.mark(null);
    },
    mark(chosen) {
      const found = made.find(({ value }) => value === chosen);
      const stop = found && !found.radio.hidden ? found : made.find(({ radio }) => !radio.hidden);
      for (const option of made) {
        setAttribute(option.radio, "aria-checked", String(option === found));
        option.radio.tabIndex = option === stop ? 0 : -1;
      }
      return found?.radio;
    },
  };
  return own;
}
