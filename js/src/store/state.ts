/** What all displays of a widget show: what the kernel sent, what was asked, and what stays in the browser. */

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
  /** Asked for and not yet drawn. */
  readonly requested: ViewRequest | null;
  /** The layer's strongest neuron that was asked for last, where the kernel refused it: the keys step over that layer. */
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
  /** The step of the way back that is shown large, by its layer. */
  readonly enlarged: string | null;
  /** What is requested beside the view, and what of it has come for the drawn view. */
  readonly panelRequest: PanelRequest;
  readonly panels: Panels;
  readonly pins: readonly Pin[];
  /** The pinned address that another is awaited for, to compare the two; or empty. */
  readonly firstCompared: string;
  /** Whether hovering commits, and whether the kernel computes ahead what lies under a resting pointer. */
  readonly live: boolean;
  readonly prefetch: boolean;
}
