/** A group of buttons of which one is chosen: arrows move within it, Tab passes it as one stop. */

import { element, listen, setAttribute } from "../dom";

export interface Option<Value> {
  readonly value: Value;
  readonly label: string;
  readonly content: Node | string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export class Choice<Value> {
  readonly element: HTMLElement;
  readonly #signal: AbortSignal;
  readonly #choose: (value: Value) => void;
  #options: readonly { readonly value: Value; readonly button: HTMLButtonElement }[] = [];
  #buttons = new AbortController();

  constructor(label: string, className: string, choose: (value: Value) => void, signal: AbortSignal) {
    this.#choose = choose;
    this.#signal = signal;
    this.element = element("div", { class: className, role: "radiogroup", "aria-label": label });
    listen(this.element, signal, { keydown: (event) => this.#onKey(event) });
  }

  setOptions(options: readonly Option<Value>[], className: string): void {
    this.#buttons.abort();
    this.#buttons = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#buttons.signal]);
    this.#options = options.map(({ value, label, content, attributes = {} }) => {
      const button = element(
        "button",
        {
          type: "button",
          class: className,
          role: "radio",
          "aria-checked": "false",
          tabindex: -1,
          "aria-label": label,
          title: label,
          ...attributes,
        },
        content,
      );
      listen(button, signal, { click: () => this.#choose(value) });
      return { value, button };
    });
    this.element.replaceChildren(...this.#options.map(({ button }) => button));
  }

  /** Marks the option whose value is `chosen`, and returns its button. */
  mark(chosen: Value | null): HTMLButtonElement | null {
    const found = this.#options.find(({ value }) => value === chosen);
    for (const option of this.#options) {
      setAttribute(option.button, "aria-checked", option === found ? "true" : "false");
      option.button.tabIndex = option === (found ?? this.#options[0]) ? 0 : -1;
    }
    return found?.button ?? null;
  }

  #onKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const focused = this.#options.findIndex(({ button }) => button === event.target);
    if (step === undefined || focused < 0) return;
    const next = this.#options[(focused + step + this.#options.length) % this.#options.length];
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    next.button.focus();
    this.#choose(next.value);
  }
}
