/**
 * What elements should be, as values, and making them so. Views return trees; `render` changes what differs from the
 * tree drawn before. Text from outside only ever becomes a text node.
 */

import type { Extent } from "./pictures/geometry";

type Tags = HTMLElementTagNameMap;
type Attribute = string | number | boolean | null | undefined;
type TagOf<Spec> = Spec extends `${infer Tag}.${string}` ? Tag : Spec;
/** The element that a spec, or an element itself, stands for. */
type Made<Spec> = Spec extends HTMLElement ? Spec : TagOf<Spec> extends keyof Tags ? Tags[TagOf<Spec>] : HTMLDivElement;

type Handlers<Element> = {
  readonly [Type in keyof HTMLElementEventMap as `on${Type}`]?: (
    event: HTMLElementEventMap[Type] & { readonly currentTarget: Element },
  ) => void;
};
type Properties<Element> = {
  readonly [Name in keyof Element as Element[Name] extends Attribute ? Name : never]?: Attribute;
};
type Props<Element> = Handlers<Element> &
  Properties<Element> & { readonly [attribute: `${string}-${string}`]: Attribute } & {
    /** Tells an element from others of its spec among the same children. */
    readonly key?: Attribute;
    /** Its name for screen readers; and its name for them and in its tooltip. */
    readonly label?: string;
    readonly named?: string;
    readonly style?: string;
    /** Called once, when the element is made. */
    readonly made?: (element: Element) => void;
    /** Called when all is in its place, where one of `from` has changed. */
    readonly paint?: (element: Element) => void;
    readonly from?: readonly unknown[];
  };

export interface Tree {
  readonly spec: string | HTMLElement;
  readonly props: Readonly<Record<string, unknown>>;
  readonly children: readonly Child[];
}

export type Child = Tree | string | false | null | undefined | readonly Child[];

/**
 * What an element should be. `spec` is `tag.class.class`, the classes without their prefix, the tag `div` where it is
 * left out; or an element that a view keeps. Props are properties of the element, or attributes with a hyphen.
 */
export const h = <Spec extends string | HTMLElement>(
  spec: Spec,
  props: Props<Made<Spec>>,
  ...children: readonly Child[]
): Tree => ({ spec, props, children });

/** An element of its class alone. */
export const plain = (spec: string, ...children: readonly Child[]): Tree => ({ spec, props: {}, children });

/** The trees that elements were made from. */
const drawn = new WeakMap<Node, Tree>();
const DIRECTIVES = ["key", "made", "paint", "from"];
const CHANGED_BY_PERSON = ["value", "valueAsNumber", "checked"];

/** Makes `target` as `tree` says, and paints what is to be painted; all of it where `anew`. Keeps the focus. */
export const render = (target: HTMLElement, tree: Tree, anew = false): void => {
  const paints: (() => void)[] = [];
  const page = target.getRootNode() as Document;
  const { activeElement: focused } = page;
  update(target, tree, anew, paints);
  if (focused instanceof HTMLElement && page.activeElement !== focused && target.contains(focused))
    focused.focus({ preventScroll: true });
  for (const paint of paints) paint(); // which may give the focus
};

/** The element of a tree. */
export const create = <Made extends HTMLElement>({ spec, props }: Tree): Made => {
  const [tag, ...classes] = String(spec).split(".");
  const made = spec instanceof HTMLElement ? spec : document.createElement(tag || "div");
  if (classes.length > 0 && made !== spec) made.className = classes.map((name) => `dcs-${name}`).join(" ");
  (props.made as ((element: HTMLElement) => void) | undefined)?.(made);
  return made as Made;
};

const update = (target: HTMLElement, tree: Tree, anew: boolean, paints: (() => void)[]): void => {
  const before = drawn.get(target);
  if (before === tree && !anew) return;
  drawn.set(target, tree);
  const { props, children } = tree;
  const left = [...target.childNodes];
  const listed = children.flat(9).filter((child) => child || child === "") as (Tree | string)[];
  const nodes = listed.map((child) => {
    const at = left.findIndex((node) => fits(node, child));
    const [found] = at < 0 ? [] : left.splice(at, 1);
    return found ?? (typeof child === "string" ? new Text() : create(child));
  });
  for (const node of left) node.remove();
  nodes.forEach((node, index) => {
    const child = listed[index] ?? "";
    const there = target.childNodes[index];
    if (there !== node) target.insertBefore(node, there ?? null);
    if (typeof child !== "string") update(node as HTMLElement, child, anew, paints);
    else if (node.nodeValue !== child) node.nodeValue = child;
  });
  for (const name of Object.keys({ ...before?.props, ...props })) {
    const value = props[name];
    const anothers = CHANGED_BY_PERSON.includes(name) && Reflect.get(target, name) !== value;
    if (!DIRECTIVES.includes(name) && (anothers || value !== before?.props[name])) set(target, name, value ?? null);
  }
  const { paint, from } = props as Props<HTMLElement>;
  const then = before?.props.from as typeof from;
  if (paint && (anew || !then || from?.some((value, index) => value !== then[index]))) paints.push(() => paint(target));
};

const fits = (node: Node, child: Tree | string): boolean => {
  if (typeof child === "string") return node instanceof Text;
  const made = drawn.get(node);
  return node === child.spec || (made?.spec === child.spec && made.props.key === child.props.key);
};

/** Sets a property, or an attribute where there is no such property; null takes it away. */
const set = (target: HTMLElement, name: string, value: unknown): void => {
  const own = target as unknown as Record<string, unknown>;
  if (name === "named") target.title = String(value);
  if (name === "named" || name === "label") setAttribute(target, "aria-label", value);
  else if (name === "style") target.style.cssText = String(value);
  else if (name.startsWith("on")) own[name] = value;
  else if (value === null || name.includes("-") || !(name in target)) setAttribute(target, name, value);
  else own[name] = value;
};

/** A `true` attribute stands alone, but for ARIA's; a `false` or null one is away. */
export const setAttribute = (target: Element, name: string, value: unknown): void => {
  const spoken = name.startsWith("aria-");
  const text = value === true && !spoken ? "" : String(value);
  if (value === null || (value === false && !spoken)) target.removeAttribute(name);
  else target.setAttribute(name, text);
};

export interface Surface extends Extent {
  readonly context: CanvasRenderingContext2D;
}

/** A canvas to draw on in CSS pixels, whose own pixels are the screen's; cleared. Null while it is not laid out. */
export const surface = (canvas: HTMLCanvasElement): Surface | null => {
  const { width, height } = canvas.getBoundingClientRect();
  const context = canvas.getContext("2d");
  if (!context || !width || !height) return null;
  const [columns, rows] = [width, height].map((length) => Math.round(length * devicePixelRatio)) as [number, number];
  canvas.width = columns; // which clears it
  canvas.height = rows;
  context.setTransform(columns / width, 0, 0, rows / height, 0, 0);
  return { context, width, height };
};

/** A canvas to draw on out of sight. */
export const hiddenCanvas = (width: number, height: number): HTMLCanvasElement =>
  Object.assign(document.createElement("canvas"), { width, height });

/** White RGBA pixels, to be painted over. */
export const opaquePixels = (count: number): Uint8ClampedArray<ArrayBuffer> =>
  new Uint8ClampedArray(count * 4).fill(255);

/** A picture of RGBA pixels to draw from. */
export const pictureOf = (
  pixels: Uint8ClampedArray<ArrayBuffer>,
  width: number,
  canvas = hiddenCanvas(1, 1),
): HTMLCanvasElement => {
  const height = pixels.length / 4 / width;
  if (!height) return canvas;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width), 0, 0);
  return canvas;
};

/** Keeps an event from everybody else. */
export const take = (event: Event): void => {
  event.preventDefault();
  event.stopPropagation();
};
