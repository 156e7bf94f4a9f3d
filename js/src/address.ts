/**
 * The address of a place, as people copy it: `model/layer/channel@y,x?FTT,saliency,TTT#image`.
 * Vector layers have no `@y,x`; architectures and image may be absent, and then stay as they are.
 */

import type { Catalog, Wanted } from "./protocol";
import type { State } from "./store";

export interface Address {
  readonly model: string;
  readonly layer: string;
  readonly channel: number;
  readonly y: number | null;
  readonly x: number | null;
  readonly architectures: readonly string[];
  readonly image: string | null;
}

const PATTERN =
  /^(?<model>[^/?#]+)\/(?<layer>[^/?#]+)\/(?<channel>\d{1,9})(?:@(?<y>\d{1,9}),(?<x>\d{1,9}))?(?:\?(?<asked>[^?#]+))?(?:#(?<image>[^?#]+))?$/;

function quote(part: string): string {
  return part.replace(/[/?#%,\s]/g, encodeURIComponent);
}

export function formatAddress(address: Address): string {
  const place = address.y === null || address.x === null ? "" : `@${address.y},${address.x}`;
  const codes = address.architectures.map(quote).join(",");
  return (
    `${quote(address.model)}/${quote(address.layer)}/${address.channel}${place}` +
    (codes === "" ? "" : `?${codes}`) +
    (address.image === null ? "" : `#${quote(address.image)}`)
  );
}

/** The address written in `text`, or null where it is none. */
export function parseAddress(text: string): Address | null {
  const parts = PATTERN.exec(text.trim())?.groups;
  if (parts === undefined) return null;
  const { model = "", layer = "", channel, y, x, asked = "", image } = parts;
  try {
    return {
      model: decodeURIComponent(model),
      layer: decodeURIComponent(layer),
      channel: Number(channel),
      y: y === undefined ? null : Number(y),
      x: x === undefined ? null : Number(x),
      architectures: asked
        .split(",")
        .filter((code) => code !== "")
        .map(decodeURIComponent),
      image: image === undefined ? null : decodeURIComponent(image),
    };
  } catch {
    return null; // a stray % that encodes nothing
  }
}

/** The place that an address names, or null where the text is none; a layer may be named by its label. */
export function wantedAt(text: string, { scene, catalog }: State): Partial<Wanted> | null {
  const address = parseAddress(text);
  if (!address) return null;
  const { model, layer, channel, y, x, architectures, image } = address;
  const known = scene?.network.layers.find(({ name, label }) => name === layer || label === layer);
  return {
    model,
    layer: known?.name ?? layer,
    neuron: { channel, y, x },
    ...(image && { image }),
    ...(architectures.length > 0 && { architectures: codesOf(architectures, catalog) }),
  };
}

function codesOf(names: readonly string[], catalog: Catalog): string[] {
  return names.map((asked) => catalog.architectures.find(({ name }) => name === asked)?.code ?? asked);
}
