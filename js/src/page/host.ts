/** A widget model without a kernel: what the explorer asks, the page answers. */

import type { Traits, WidgetModel } from "../protocol/protocol";
import { type Answer, type Answers, NotStored, type PageQuery } from "./answers";

export class PageModel implements WidgetModel {
  /** No kernel is known. */
  readonly widget_manager = null;
  readonly #answers: Answers;
  readonly #notice: (line: string) => void;
  readonly #traits = new Map<string, unknown>();
  readonly #listeners = new Map<string, Set<() => void>>();
  #asked: PageQuery | null = null;
  #answering = false;

  constructor(answers: Answers, notice: (line: string) => void) {
    this.#answers = answers;
    this.#notice = notice;
    this.#receive(answers.lasting);
  }

  get<K extends keyof Traits>(name: K): Traits[K] {
    return this.#traits.get(name) as Traits[K];
  }

  set<K extends keyof Traits>(name: K, value: Traits[K]): void {
    this.#traits.set(name, value);
    if (name === "_query") this.#asked = this.get("_query");
    this.#notify(name);
  }

  save_changes(): void {
    void this.#answerLatest();
  }

  async show(query: PageQuery): Promise<void> {
    this.#asked = query;
    await this.#answerLatest();
  }

  on(event: string, listener: () => void): void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
  }

  off(event: string, listener: () => void): void {
    this.#listeners.get(event)?.delete(listener);
  }

  /** Answers queries one after another; of those that came meanwhile only the last. */
  async #answerLatest(): Promise<void> {
    const query = this.#asked;
    if (query === null || this.#answering) return;
    this.#asked = null;
    this.#answering = true;
    try {
      const { traits, notice } = await this.#answer(query);
      this.#receive(traits);
      this.#notice(notice);
    } finally {
      this.#answering = false;
    }
    await this.#answerLatest();
  }

  async #answer(query: PageQuery): Promise<Answer> {
    try {
      return await this.#answers.answer(query);
    } catch (error) {
      const message = error instanceof NotStored ? error.message : `this page could not be read: ${error}`;
      return { traits: { _failure: { client: query.client, seq: query.seq, message } }, notice: "" };
    }
  }

  /** Takes traits as from a kernel: all values first, then the events. */
  #receive(traits: Partial<Traits>): void {
    for (const [name, value] of Object.entries(traits)) this.#traits.set(name, value);
    for (const name of Object.keys(traits)) this.#notify(name);
  }

  #notify(name: string): void {
    for (const listener of this.#listeners.get(`change:${name}`) ?? []) listener();
  }
}
