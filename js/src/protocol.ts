/**
 * What the kernel and the browser tell each other: the types of the widget's traits, and readers that check what
 * arrives before anything is drawn from it. `Explorer` on the Python side writes the same names.
 */

import type { Box } from "./geometry";

type Pair = readonly [y: number, x: number];

export interface ReceptiveField {
  readonly stride: Pair;
  readonly offset: Pair;
  readonly size: Pair;
}

export interface Layer {
  readonly name: string;
  readonly label: string;
  readonly kind: string;
  readonly shape: readonly number[];
  readonly field: ReceptiveField | null;
}

export interface Catalog {
  readonly models: readonly { readonly name: string; readonly label: string; readonly bundled: boolean }[];
  readonly images: readonly { readonly name: string; readonly label: string; readonly thumbnail: string }[];
  readonly architectures: readonly { readonly code: string; readonly name: string }[];
}

export interface Network {
  readonly model: string;
  readonly label: string;
  readonly randomWeights: boolean;
  readonly device: string;
  readonly precision: string;
  readonly image: { readonly name: string; readonly label: string; readonly height: number; readonly width: number };
  readonly fallbacks: readonly string[];
  readonly layers: readonly Layer[];
}

export interface AtlasInfo {
  readonly layer: string;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly tileHeight: number;
  readonly tileWidth: number;
  readonly minima: readonly number[];
  readonly maxima: readonly number[];
  readonly variances: readonly number[];
}

/** A neuron as it is asked for: `y` and `x` null mean the channel's strongest place, and are null on vector layers. */
export interface NeuronPlace {
  readonly channel: number;
  readonly y: number | null;
  readonly x: number | null;
}

export interface Neuron extends NeuronPlace {
  readonly value: number;
  /** The fraction of this channel's places that answer at least as strongly. */
  readonly top: number;
}

export interface PictureInfo {
  readonly code: string;
  readonly name: string;
  readonly channels: number;
  readonly scale: number;
  readonly q: number;
  readonly max: number;
}

export interface View {
  readonly client: string;
  readonly seq: number;
  readonly layer: string;
  readonly neuron: Neuron;
  readonly map: {
    readonly height: number;
    readonly width: number;
    readonly scale: number;
    readonly min: number;
    readonly max: number;
  };
  readonly window: Box;
  readonly pictures: readonly PictureInfo[];
  readonly milliseconds: number;
  readonly address: string;
}

export interface Failure {
  readonly client: string;
  readonly seq: number;
  readonly message: string;
}

export interface Progress {
  readonly text: string;
  readonly fraction: number | null;
}

/** The complete place that the browser wants to see: queued updates merge, so a partial one would be lost. */
export interface Wanted {
  readonly model: string;
  readonly image: string;
  readonly layer: string | null;
  readonly neuron: NeuronPlace | null;
  readonly architectures: readonly string[];
}

export interface Query extends Wanted {
  readonly client: string;
  readonly seq: number;
}

export const DISPLAY_MODES = ["paper", "signed", "renormalised", "saliency", "overlay"] as const;
export type DisplayMode = (typeof DISPLAY_MODES)[number];

export interface Traits {
  _catalog: unknown;
  _network: unknown;
  _photograph: unknown;
  _atlas_info: unknown;
  _atlas: unknown;
  _map: unknown;
  _pictures: unknown;
  _view: unknown;
  _failure: unknown;
  _progress: unknown;
  _query: Query;
  display: unknown;
}

/** What of anywidget's model is used. */
export interface WidgetModel {
  get<K extends keyof Traits>(name: K): Traits[K];
  set<K extends keyof Traits>(name: K, value: Traits[K]): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  /** Hosts differ in what it is. */
  readonly widget_manager: unknown;
}

/** What arrived does not have the form that was agreed. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

type Reader<T> = (value: unknown, path: string) => T;

function refuse(path: string, expected: string, value: unknown): never {
  const shown = value === null ? "null" : typeof value;
  throw new ProtocolError(`the kernel sent ${path} as ${shown} where ${expected} was expected`);
}

const text: Reader<string> = (value, path) => (typeof value === "string" ? value : refuse(path, "a text", value));
const truth: Reader<boolean> = (value, path) =>
  typeof value === "boolean" ? value : refuse(path, "true or false", value);
const real: Reader<number> = (value, path) =>
  typeof value === "number" && Number.isFinite(value) ? value : refuse(path, "a finite number", value);
const integer: Reader<number> = (value, path) =>
  Number.isSafeInteger(value) ? real(value, path) : refuse(path, "an integer", value);
const natural: Reader<number> = (value, path) => {
  const number = integer(value, path);
  return number >= 0 ? number : refuse(path, "an integer from 0 on", value);
};
const positive: Reader<number> = (value, path) => {
  const number = integer(value, path);
  return number > 0 ? number : refuse(path, "an integer from 1 on", value);
};
/** An address that can only hold an inline bitmap, never a script or something to fetch. */
const inlineImage: Reader<string> = (value, path) => {
  const address = text(value, path);
  return /^data:image\/(?:png|jpeg|webp|gif);base64,/.test(address) ? address : refuse(path, "an inline image", value);
};

function list<T>(item: Reader<T>): Reader<readonly T[]> {
  return (value, path) =>
    Array.isArray(value)
      ? value.map((entry: unknown, index) => item(entry, `${path}[${index}]`))
      : refuse(path, "a list", value);
}

function optional<T>(reader: Reader<T>): Reader<T | null> {
  return (value, path) => (value === null || value === undefined ? null : reader(value, path));
}

function record<T>(shape: { readonly [K in keyof T]: Reader<T[K]> }): Reader<T> {
  return (value, path) => {
    if (typeof value !== "object" || value === null) return refuse(path, "a record", value);
    const fields = new Map<string, unknown>(Object.entries(value));
    const checked: Partial<T> = {};
    for (const key in shape) checked[key] = shape[key](fields.get(key), `${path}.${key}`);
    return checked as T; // every key of T was just read
  };
}

const pair: Reader<Pair> = (value, path) => {
  const [y, x] = list(real)(value, path);
  return y === undefined || x === undefined ? refuse(path, "two numbers", value) : [y, x];
};

const field = record<ReceptiveField>({ stride: pair, offset: pair, size: pair });
const layer = record<Layer>({ name: text, label: text, kind: text, shape: list(natural), field: optional(field) });

export const readCatalog = record<Catalog>({
  models: list(record({ name: text, label: text, bundled: truth })),
  images: list(record({ name: text, label: text, thumbnail: inlineImage })),
  architectures: list(record({ code: text, name: text })),
});

export const readNetwork = record<Network>({
  model: text,
  label: text,
  randomWeights: truth,
  device: text,
  precision: text,
  image: record({ name: text, label: text, height: positive, width: positive }),
  fallbacks: list(text),
  layers: list(layer),
});

export const readAtlasInfo = record<AtlasInfo>({
  layer: text,
  channels: positive,
  height: positive,
  width: positive,
  tileHeight: positive,
  tileWidth: positive,
  minima: list(real),
  maxima: list(real),
  variances: list(real),
});

export const readView = record<View>({
  client: text,
  seq: integer,
  layer: text,
  neuron: record({ channel: natural, y: optional(natural), x: optional(natural), value: real, top: real }),
  map: record({ height: positive, width: positive, scale: real, min: real, max: real }),
  window: record({ top: natural, left: natural, height: natural, width: natural }),
  pictures: list(record({ code: text, name: text, channels: positive, scale: real, q: real, max: real })),
  milliseconds: real,
  address: text,
});

export const readFailure = record<Failure>({ client: text, seq: integer, message: text });
export const readProgress = record<Progress>({ text, fraction: optional(real) });

/** Reads a trait that is `{}` (or absent) while there is nothing to tell. */
export function unlessEmpty<T>(reader: Reader<T>, value: unknown, name: string): T | null {
  const empty = value === null || value === undefined || (typeof value === "object" && Object.keys(value).length === 0);
  return empty ? null : reader(value, name);
}

export function readDisplayMode(value: unknown): DisplayMode {
  return DISPLAY_MODES.find((mode) => mode === value) ?? "paper";
}

/** The bytes of a binary trait. Hosts hand out DataViews into larger buffers: the offset counts. */
export function readBytes(value: unknown): Uint8Array<ArrayBuffer> {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (ArrayBuffer.isView(value) && value.buffer instanceof ArrayBuffer)
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return new Uint8Array(0);
}

export function readInt8(value: unknown): Int8Array<ArrayBuffer> {
  const bytes = readBytes(value);
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Little-endian 16-bit integers; copied, because the buffer may start at an odd address. */
export function readInt16(value: unknown): Int16Array<ArrayBuffer> {
  const bytes = readBytes(value);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength >> 1 }, (_, index) => view.getInt16(index * 2, true));
}
