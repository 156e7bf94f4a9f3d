/** A mounted explorer in a simulated browser, whose canvases draw nothing. */

import { vi } from "vitest";
import type { QueryId, Traits } from "../src/protocol/protocol";
import explorerWidget from "../src/widget";
import { answer, FakeModel } from "./sample";

/** Returns the texts that are written on canvases from now on. */
export function simulateCanvases(): string[] {
  vi.stubGlobal("createImageBitmap", () => Promise.resolve({ close: () => {} }));
  vi.stubGlobal("ImageData", class {});
  const written: string[] = [];
  const image = { data: new Uint8ClampedArray(64).map((_, index) => index * 4) };
  const context = new Proxy({} as CanvasRenderingContext2D, {
    get: (_, name) => {
      if (name === "getImageData") return () => image;
      return (text: unknown) => name === "fillText" && written.push(String(text));
    },
    set: () => true,
  });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(() => context as never);
  return written;
}

export async function drawn(): Promise<void> {
  for (let frame = 0; frame < 4; frame++) await new Promise((done) => requestAnimationFrame(done));
}

/** One display, with the root and what is in it. */
export class Shown {
  readonly root: HTMLElement;

  constructor(
    readonly model: FakeModel,
    host: HTMLElement,
    readonly unmount: () => void,
  ) {
    this.root = host.querySelector(".dcs-root") as HTMLElement;
  }

  all<Kind extends HTMLElement = HTMLElement>(selector: string): Kind[] {
    return [...this.root.querySelectorAll<Kind>(selector)];
  }

  one<Kind extends HTMLElement = HTMLElement>(selector: string): Kind {
    const [found] = this.all<Kind>(selector);
    if (found === undefined) throw new Error(`no ${selector}`);
    return found;
  }

  async click(selector: string): Promise<void> {
    this.one(selector).click();
    await drawn();
  }

  async press(key: string, target = this.root): Promise<void> {
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    await drawn();
  }

  /** What a browser does when a person moves a list to a value. */
  async choose(list: HTMLSelectElement, value: string): Promise<void> {
    list.value = value;
    list.dispatchEvent(new Event("change", { bubbles: true }));
    await drawn();
  }

  /** Answers the newest query with the view of the sample. */
  async reply(beside: (ticket: QueryId) => Partial<Traits> = () => ({})): Promise<void> {
    const { client, seq } = this.model.queries.at(-1) ?? { client: "", seq: 0 };
    await this.receive({ ...answer({ client, seq }), ...beside({ client, seq }) });
  }

  async receive(traits: Partial<Traits>): Promise<void> {
    this.model.receive(traits);
    await drawn();
  }
}

export async function show(
  traits: Partial<Traits> = {},
  model = new FakeModel({ ...answer(), ...traits }),
  widget = explorerWidget(),
): Promise<Shown> {
  const host = document.createElement("div");
  document.body.append(host);
  const unmount = widget.render({ model, el: host });
  await drawn();
  return new Shown(model, host, unmount);
}
