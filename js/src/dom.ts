/** Elements as values: views return trees, and `render` changes what differs from the tree before. Text stays text. */

import type { Extent } from "./pictures/geometry";

type Tags = HTMLElementTagNameMap;
type Attribute = string | number | boolean | null | undefined;
type TagOf<Spec> = Spec extends `${infer Tag}.${string}` ? Tag : Spec;
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
    /** Distinguishes elements of one spec among the same children. */
    readonly key?: Attribute;
    /** The name for screen readers; `named` is the tooltip as well. */
    readonly label?: string;
    readonly named?: string;
    readonly style?: string;
    /** Called once, when the element is made. */
    readonly made?: (element: Element) => void;
    /** Called after rendering if one of `from` has changed. */
    readonly paint?: (element: Element) => void;
    readonly from?: readonly unknown[];
  };

export interface Tree {
  readonly spec: string | HTMLElement;
  readonly props: Readonly<Record<string, unknown>>;
  readonly children: readonly Child[];
}

export type Child = Tree | string | false | null | undefined | readonly Child[];

/** `spec` is `tag.class.class` with `div` as the default tag, or an element that a view keeps. Props with hyphens are attributes. */
export const h = <Spec extends string | HTMLElement>(
  spec: Spec,
  props: Props<Made<Spec>>,
  ...children: readonly Child[]
): Tree => ({ spec, props, children });

export const plain = (spec: string, ...children: readonly Child[]): Tree => ({ spec, props: {}, children });

/** The trees that elements were made from. */
const drawn = new WeakMap<Node, Tree>();
const DIRECTIVES = ["key", "made", "paint", "from"];
const CHANGED_BY_PERSON = ["value", "valueAsNumber", "checked"];

/** Renders and paints what has changed in `target`, or all of it where `anew`. Keeps the focus. */
export const render = (target: HTMLElement, tree: Tree, anew = false): void => {
  const paints: (() => void)[] = [];
  const page = target.getRootNode() as Document;
  const { activeElement: focused } = page;
  update(target, tree, anew, paints);
  if (focused instanceof HTMLElement && page.activeElement !== focused && target.contains(focused))
    focused.focus({ preventScroll: true });
  for (const paint of paints) paint(); // which may give the focus
};

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

/** Sets a property, or an attribute if there is no such property; null removes it. */
const set = (target: HTMLElement, name: string, value: unknown): void => {
  const own = target as unknown as Record<string, unknown>;
  if (name === "named") target.title = String(value);
  if (name === "named" || name === "label") setAttribute(target, "aria-label", value);
  else if (name === "style") target.style.cssText = String(value);
  else if (name.startsWith("on")) own[name] = value;
  else if (value === null || name.includes("-") || !(name in target)) setAttribute(target, name, value);
  else own[name] = value;
};

/** `true` sets an empty attribute, `false` and null remove it; ARIA attributes take `true` and `false` as text. */
export const setAttribute = (target: Element, name: string, value: unknown): void => {
  const aria = name.startsWith("aria-");
  const text = value === true && !aria ? "" : String(value);
  if (value === null || (value === false && !aria)) target.removeAttribute(name);
  else target.setAttribute(name, text);
};

export type Surface = Extent & Readonly<{ context: CanvasRenderingContext2D }>;

/** Prepares a canvas for drawing in CSS pixels at the resolution of the screen, cleared. Null while it is not laid out. */
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

export const hiddenCanvas = (width: number, height: number): HTMLCanvasElement =>
  Object.assign(document.createElement("canvas"), { width, height });

/** RGBA. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;

export type DecodedImage = Readonly<{ picture: HTMLCanvasElement; pixels: Uint8ClampedArray }>;

/** Decodes an image file without changing its colours; scaled to `extent` if given. */
export const decodeImage = async (file: Uint8Array<ArrayBuffer>, extent?: Extent): Promise<DecodedImage> => {
  const bitmap = await createImageBitmap(new Blob([file]), { colorSpaceConversion: "none" });
  const { width, height } = extent ?? bitmap;
  const picture = hiddenCanvas(width, height);
  const context = picture.getContext("2d", { willReadFrequently: true }) as CanvasRenderingContext2D;
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return { picture, pixels: context.getImageData(0, 0, width, height).data };
};

export const opaquePixels = (count: number): Pixels => new Uint8ClampedArray(count * 4).fill(255);

/** Draws RGBA pixels on a canvas. */
export const pictureOf = (pixels: Pixels, width: number, canvas = hiddenCanvas(1, 1)): HTMLCanvasElement => {
  const height = pixels.length / 4 / width;
  if (!height) return canvas;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")?.putImageData(new ImageData(pixels, width), 0, 0);
  return canvas;
};

/** Keeps an event from the host. */
export const take = (event: Event): void => {
  event.preventDefault();
  event.stopPropagation();
};
