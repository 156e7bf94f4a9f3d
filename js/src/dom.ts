/** Elements, without markup: text from outside only ever becomes a text node. */

import type { Extent } from "./geometry";

type Attributes = Readonly<Record<string, string | number | boolean | null>>;

/** An element with attributes, or with a class alone; a `true` attribute stands alone, a `false` or null one is left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes | string = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (typeof attributes === "string") made.className = attributes;
  else for (const [name, value] of Object.entries(attributes)) setAttribute(made, name, value);
  made.append(...children);
  return made;
}

/** A button that `signal` silences; its label is what it is called and its tooltip, its text where it has no content. */
export function button(
  className: string,
  label: string,
  signal: AbortSignal,
  click: () => void,
  ...content: readonly (Node | string)[]
): HTMLButtonElement {
  const made = element("button", { type: "button", class: className }, ...(content.length > 0 ? content : [label]));
  if (content.length > 0) name(made, label);
  listen(made, signal, { click });
  return made;
}

/** Names an element for screen readers, and in its tooltip. */
export function name(target: Element, label: string): void {
  setAttribute(target, "aria-label", label);
  setAttribute(target, "title", label);
}

export function setAttribute(target: Element, name: string, value: string | number | boolean | null): void {
  const text = value === null || value === false ? null : value === true ? "" : String(value);
  if (text === target.getAttribute(name)) return;
  if (text === null) target.removeAttribute(name);
  else target.setAttribute(name, text);
}

type Listeners = { readonly [Type in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Type]) => void };

/** Adds listeners that `signal` removes. */
export function listen(target: EventTarget, signal: AbortSignal, listeners: Listeners): void {
  for (const [type, listener] of Object.entries(listeners))
    target.addEventListener(type, listener as EventListener, { signal, passive: type === "scroll" });
}

/** Sets a text only where it differs, so that screen readers are not told again. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setHidden(target: HTMLElement, hidden: boolean): void {
  if (target.hidden !== hidden) target.hidden = hidden;
}

export interface Surface extends Extent {
  readonly context: CanvasRenderingContext2D;
}

/** A canvas to draw on in CSS pixels, whose own pixels are the screen's; cleared. Null while it is not laid out. */
export function surface(canvas: HTMLCanvasElement): Surface | null {
  const { width, height } = canvas.getBoundingClientRect();
  const context = canvas.getContext("2d");
  if (context === null || width === 0 || height === 0) return null;
  const ratio = window.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns) canvas.width = columns;
  if (canvas.height !== rows) canvas.height = rows;
  context.setTransform(columns / width, 0, 0, rows / height, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** A picture of RGBA pixels to draw from. */
export function pictureOf(
  pixels: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  into?: HTMLCanvasElement,
): HTMLCanvasElement {
  const canvas = into ?? document.createElement("canvas");
  const height = pixels.length / 4 / width;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width, height), 0, 0);
  return canvas;
}
