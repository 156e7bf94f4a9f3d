/** What all displays of a widget show: what the kernel sent, what was requested, and what stays in the browser. */

import type { Place } from "../pictures/geometry";
import type { Panels } from "../protocol/panels";
import type { Catalog, DisplayMode, PanelRequest, Pin, Progress, ViewRequest } from "../protocol/protocol";
import type { Outage } from "../protocol/query_queue";
import type { ChannelOrder, ShownView } from "../protocol/shown_view";

/** What lies under the pointer: a place of a channel's map, a pixel of the image, or both. */
export interface Hover {
  readonly neuron: { readonly channel: number; readonly y: number; readonly x: number } | null;
  readonly pixel: Place | null;
}

export interface State {
  readonly catalog: Catalog;
  readonly shown: ShownView | null;
  /** Not yet shown. */
  readonly requested: ViewRequest | null;
  /** The last request for a layer's strongest neuron, where the kernel refused it: the keys step over that layer. */
  readonly refused: ViewRequest | null;
  readonly outage: Outage;
  readonly failure: string | null;
  readonly progress: Progress | null;
  readonly display: DisplayMode;
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
  /** What is requested beside the view, and what of it has come for the view shown. */
  readonly panelRequest: PanelRequest;
  readonly panels: Panels;
  readonly pins: readonly Pin[];
  /** The pinned address that waits for a second one to be compared with; or empty. */
  readonly firstCompared: string;
  /** Whether hovering chooses, and whether the kernel computes what lies under a resting pointer ahead. */
  readonly live: boolean;
  readonly prefetch: boolean;
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
