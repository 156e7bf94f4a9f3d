/** What all displays of a widget show. */

import type { Place } from "../pictures/geometry";
import type { Panels } from "../protocol/panels";
import type { Catalog, PanelRequest, Pin, Progress, Traits, ViewRequest } from "../protocol/protocol";
import type { Outage } from "../protocol/query_queue";
import type { ChannelOrder, ShownView } from "../protocol/shown_view";

/** What lies under the pointer: a place of a channel's map, a pixel of the image, or both. */
export type Hover = Readonly<{ neuron: (Place & { readonly channel: number }) | null; pixel: Place | null }>;

/** What views may change at will: it stays in the browser. */
export interface LocalState {
  readonly failure: string | null;
  readonly gain: number;
  /** Whether each picture has its own grey scale, or all share the largest. */
  readonly scale: "own" | "shared";
  readonly zoom: "receptive field" | "whole image";
  /** How much of the photograph shows under the map, 0 … 1. */
  readonly photographShare: number;
  readonly order: ChannelOrder;
  readonly hover: Hover | null;
  /** Whether the photograph's edges stand beside the pictures. */
  readonly edges: boolean;
  /** The step of the layer trace that is shown large, by its layer. */
  readonly enlarged: string | null;
  /** The pinned address that waits for a second one to be compared with; or empty. */
  readonly firstCompared: string;
}

/** `live`: hovering chooses. `prefetch`: the kernel computes ahead what lies under a resting pointer. */
export interface State extends LocalState, Pick<Traits, "display" | "live" | "prefetch"> {
  readonly catalog: Catalog;
  readonly shown: ShownView | null;
  /** Not yet shown. */
  readonly requested: ViewRequest | null;
  /** The last request for a layer's strongest neuron, where the kernel refused it: the keys step over that layer. */
  readonly refused: ViewRequest | null;
  readonly outage: Outage;
  readonly progress: Progress | null;
  /** What is requested beside the view, and what of it has come for the view shown. */
  readonly panelRequest: PanelRequest;
  readonly panels: Panels;
  readonly pins: readonly Pin[];
}

/** The state before anything came. */
export const EMPTY: State = {
  catalog: { models: [], images: [], architectures: [] },
  shown: null,
  requested: null,
  refused: null,
  outage: "none",
  failure: null,
  progress: null,
  display: "paper",
  gain: 1,
  scale: "own",
  zoom: "receptive field",
  photographShare: 0.6,
  order: "strongest",
  hover: null,
  edges: false,
  enlarged: null,
  panelRequest: { meter: true, random: false, layerTrace: null, compare: null, exemplars: true, segmentation: false },
  panels: {},
  pins: [],
  firstCompared: "",
  live: false,
  prefetch: true,
};
