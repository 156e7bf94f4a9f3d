/** Reads the elements of an exported page, which explorer/export/draft.py writes. */

import type { AtlasInfo, Catalog, Network, NeuronPlace, Traits, ViewInfo } from "../protocol/protocol";
import type { Candidates } from "./nearest";

export interface StoredLayer {
  readonly info: Omit<AtlasInfo, "stored">;
  /** Deflated tiles in base64. */
  readonly atlas: string;
  readonly channels: readonly number[];
}

export interface Head {
  readonly traits: Pick<Traits, "display"> & { readonly _catalog: Catalog; readonly _network: Network };
  /** An image file in base64. */
  readonly photograph: string;
  readonly layers: readonly StoredLayer[];
  readonly opening: { readonly layer: string; readonly neuron: NeuronPlace };
}

/** A neuron's part of a view, and its pictures as image files in base64, empty where a picture is zero. */
export interface StoredNeuron extends Pick<ViewInfo, "neuron" | "map" | "window" | "pictures"> {
  readonly files: readonly string[];
  readonly exponent: number;
}

export interface Block {
  /** The channel's map: deflated 16-bit integers in base64. */
  readonly map: string;
  readonly neurons: Candidates<StoredNeuron>;
}

export function readHead(exhibit: string): Head {
  return JSON.parse(textOf(`dcp-head-${exhibit}`)) as Head;
}

/** Reads the block of a channel as soon as the page is loaded up to it. */
export async function readBlock(exhibit: string, layer: number, channel: number): Promise<Block> {
  const name = `dcp-${exhibit}-${layer}-${channel}`;
  // While it is parsed, an element exists before its text is complete: what follows it shows that it is.
  if (document.readyState === "loading" && !document.getElementById(name)?.nextSibling)
    await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }));
  return JSON.parse(textOf(name)) as Block;
}

function textOf(name: string): string {
  const text = document.getElementById(name)?.textContent;
  if (!text) throw new Error(`this page lacks ${name}: it is not complete`);
  return text;
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

export async function inflated(text: string): Promise<ArrayBuffer> {
  const stream = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return await new Response(stream).arrayBuffer();
}
