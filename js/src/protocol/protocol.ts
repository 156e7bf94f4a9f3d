/**
 * The messages between kernel and browser, under the names that the Python side uses. Both have the same version, since
 * the front end is itself a trait of the widget; so only whether the parts fit together is checked.
 */

import type { DisplayMode } from "../pictures/display";
import type { Box, Extent, Pair, ReceptiveField } from "../pictures/geometry";

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
  readonly architectures: readonly { readonly code: string; readonly name: string; readonly meaning: string }[];
  /** The notebook that explains the meters, if it lies beside the open one. */
  readonly notebook?: string | null;
}

export interface ImageInfo extends Extent {
  readonly name: string;
  readonly label: string;
  /** How it is shown, such as which values are black and white. */
  readonly note?: string;
}

export interface Network {
  readonly model: string;
  readonly label: string;
  readonly randomWeights: boolean;
  readonly device: string;
  readonly precision: string;
  /** How this machine differs from most. */
  readonly differences?: readonly { readonly label: string; readonly reason: string }[];
  readonly image: ImageInfo;
  readonly fallbacks: readonly string[];
  readonly layers: readonly Layer[];
  /** The names of a classifier's channels, and the layer that gives their raw scores. */
  readonly classes?: { readonly layer: string; readonly names: readonly string[] } | null;
  /** The layers that have exemplars. */
  readonly exemplars?: readonly string[] | null;
  /** Whether pictures can be made into segmentations here. */
  readonly segmentation?: boolean;
}

export interface AtlasInfo extends Extent {
  readonly layer: string;
  readonly channels: number;
  readonly tileHeight: number;
  readonly tileWidth: number;
  readonly minima: readonly number[];
  readonly maxima: readonly number[];
  readonly variances: readonly number[];
  /** In an exported page: the channels that can be chosen; null for all. */
  readonly stored?: readonly number[] | null;
}

/** `y` and `x` are null on vector layers, and in requests for the channel’s strongest place. */
export type NeuronPlace = Readonly<{ channel: number; y: number | null; x: number | null }>;

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

export interface ViewInfo extends QueryId {
  readonly layer: string;
  readonly neuron: Neuron;
  readonly map: Extent & { readonly scale: number; readonly min: number; readonly max: number };
  readonly window: Box;
  readonly pictures: readonly PictureInfo[];
  readonly milliseconds: number;
  readonly address: string;
  /** In an exported page: the places of this channel that can be chosen; null for all. */
  readonly stored?: readonly Pair[] | null;
}

export type Failure = QueryId & Readonly<{ message: string }>;

export interface Progress {
  readonly text: string;
  readonly fraction: number | null;
  /** Whether `_cancel` ends it. */
  readonly cancellable?: boolean;
}

/** What is computed in the background. Each panel has traits of its own that name the query they belong to. */
export interface PanelRequest {
  readonly meter: boolean;
  readonly random: boolean;
  /** The architecture whose layer trace is shown. */
  readonly layerTrace: string | null;
  readonly compare: readonly [address: string, address: string] | null;
  /** The images of a data set that excite the channel most. */
  readonly exemplars: boolean;
  readonly segmentation: boolean;
}

/** A complete place to show: the model merges updates that wait, so that a partial one would be lost. */
export interface ViewRequest {
  readonly model: string;
  readonly image: string;
  readonly layer: string | null;
  readonly neuron: NeuronPlace | null;
  readonly architectures: readonly string[];
  readonly panelRequest: PanelRequest;
}

/** Identifies a query, or the one that an answer belongs to. */
export type QueryId = Readonly<{ client: string; seq: number }>;

/** A request under the names that the kernel reads. */
export interface Query extends Omit<ViewRequest, "panelRequest">, QueryId {
  readonly aside: Omit<PanelRequest, "layerTrace"> & { readonly wayBack: string | null };
}

export const queryOf = ({ panelRequest: { layerTrace, ...panels }, ...place }: ViewRequest, id: QueryId): Query => ({
  ...place,
  ...id,
  aside: { ...panels, wayBack: layerTrace },
});

/** The neuron under a resting pointer, which the kernel computes ahead. */
export type HoveredNeuron = NeuronPlace & Pick<Query, "client" | "architectures"> & Readonly<{ layer: string }>;

/** A picture from the person's disk, which is then requested as the image `upload:ID`. */
export type UploadInfo = Readonly<{ client: string; id: string; name: string }>;

/** Mean similarity to other channels' pictures at the same place, one a picture; null for a zero picture. */
export type Meters = QueryId & Readonly<{ samples: number; similarities: readonly (number | null)[] }>;

/** The same click in the network with random filters. */
export interface RandomInfo extends QueryId, Pick<ViewInfo, "window" | "pictures"> {}

/** One tensor between neuron and image: its window in that layer’s map, and the extent of its small maps. */
export interface LayerTraceStepInfo extends Box {
  readonly name: string;
  readonly label: string;
  readonly kind: string;
  readonly rows: number;
  readonly columns: number;
  /** The largest channel norms, which 255 stands for. */
  readonly signal: number;
  readonly activation: number;
  /** The sum of squares of the whole signal. */
  readonly energy: number;
  /** Whether the reversed rule only keeps or silences values. */
  readonly masks: boolean;
}

/** Steps from the neuron to the image; the bytes hold the signal and the activation of each, rows·columns. */
export type LayerTraceInfo = QueryId & Readonly<{ code: string; steps: readonly LayerTraceStepInfo[] }>;

export type ComparedSideInfo = Pick<ViewInfo, "address" | "window" | "pictures"> & Readonly<{ title: string }>;

export type ComparisonInfo = QueryId & Readonly<{ sides: readonly ComparedSideInfo[] }>;

/** A place in an image of the data set: its part of the image and its picture, as small PNGs. */
export interface ExemplarCard {
  /** The name under which the image is requested. */
  readonly image: string;
  readonly title: string;
  readonly y: number | null;
  readonly x: number | null;
  readonly value: number;
  readonly patch: string;
  readonly picture: string;
}

/** Images of a data set, the strongest first. */
export interface Exemplars extends QueryId {
  readonly layer: string;
  readonly channel: number;
  /** The architecture's. */
  readonly name: string;
  readonly images: number;
  /** The fraction of the channel’s responses that are at least as strong as the chosen one. */
  readonly share: number;
  readonly cards: readonly ExemplarCard[];
}

/** The foreground of a picture; the mask has one bit a pixel, row by row, the highest bit first. */
export interface SegmentationInfo extends QueryId, Extent {
  /** The architecture's. */
  readonly name: string;
  /** The fraction of the image that is foreground. */
  readonly share: number;
  readonly note: string;
}

/** A pinned place, as `chelsea · conv3_3` and `88@20,17`, with small pictures. */
export type Pin = Readonly<{ address: string; title: string; place: string; thumbnails: readonly string[] }>;

export const MOST_PINS = 24;

export type Empty = Record<string, never>;

export interface Traits {
  _catalog: Catalog | Empty;
  _network: Network | Empty;
  _photograph: unknown;
  _atlas_info: AtlasInfo | Empty;
  _atlas: unknown;
  _map: unknown;
  _pictures: unknown;
  _view: ViewInfo | Empty;
  _failure: Failure | Empty;
  _progress: Progress | Empty;
  _meters: Meters | Empty;
  _random: RandomInfo | Empty;
  _random_pictures: unknown;
  _way_back: LayerTraceInfo | Empty;
  _way_back_maps: unknown;
  _comparison: ComparisonInfo | Empty;
  _comparison_pictures: unknown;
  _exemplars: Exemplars | Empty;
  _segmentation: SegmentationInfo | Empty;
  _segmentation_mask: unknown;
  _pins: readonly Pin[];
  _query: Query;
  /** Cancels the query in flight, which fails. */
  _cancel: QueryId;
  _hover: HoveredNeuron | Empty;
  _upload: DataView;
  _upload_info: UploadInfo | Empty;
  /** Set by the browser and by Python. */
  display: DisplayMode;
  /** Addresses. */
  pins: readonly string[];
  live: boolean;
  prefetch: boolean;
}

/** The part of anywidget's model that is used. */
export interface WidgetModel {
  get<K extends keyof Traits>(name: K): Traits[K] | undefined;
  set<K extends keyof Traits>(name: K, value: Traits[K]): void;
  save_changes(): void;
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
  /** Hosts differ in what it is. */
  readonly widget_manager: unknown;
}
