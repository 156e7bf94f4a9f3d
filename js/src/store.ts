/**
 * The one state that all displays of a widget share: what the kernel sent, what was asked, and the choices that
 * stay in the browser. Listens to the widget's model while at least one display is mounted.
 */

import { ASIDE_TRAITS, type Asides, asidesReader, NO_ASIDES } from "./asides";
import { Conversation, type Silence } from "./conversation";
import type { Place } from "./geometry";
import { kernelState } from "./kernel";
import { decodePhotograph } from "./photograph";
import {
  type Aside,
  type Catalog,
  type DisplayMode,
  type Network,
  type NeuronPlace,
  type Pin,
  type Progress,
  ProtocolError,
  readAddresses,
  readAtlasInfo,
  readBytes,
  readCatalog,
  readDisplayMode,
  readFailure,
  readInt8,
  readInt16,
  readNetwork,
  readPins,
  readProgress,
  readView,
  type Traits,
  unlessEmpty,
  type Wanted,
  type WidgetModel,
} from "./protocol";
import { remembered } from "./remembered";
import { assembleScene, type ChannelOrder, type Scene } from "./scene";

/** What lies under the pointer: a place of a channel's map, a pixel of the image, or both. */
export interface Hover {
  readonly neuron: { readonly channel: number; readonly y: number; readonly x: number } | null;
  readonly pixel: Place | null;
}

export interface State {
  readonly catalog: Catalog;
  readonly scene: Scene | null;
  /** Asked for and not yet drawn. */
  readonly wanted: Wanted | null;
  readonly silence: Silence;
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
  /** What is wanted beside the view, and what of it has come for the drawn view. */
  readonly aside: Aside;
  readonly asides: Asides;
  readonly pins: readonly Pin[];
  /** Whether hovering commits, and whether the kernel computes ahead what lies under a resting pointer. */
  readonly live: boolean;
  readonly prefetch: boolean;
}

/** What a view may change at will: it stays in the browser. */
type Local = "failure" | "gain" | "scale" | "zoom" | "photographShare" | "order" | "hover" | "edges" | "enlarged";

const WATCHED = [
  "_catalog",
  "_network",
  "_photograph",
  "_atlas_info",
  "_atlas",
  "_map",
  "_pictures",
  "_view",
  "_failure",
  "_progress",
  "_pins",
  ...ASIDE_TRAITS,
  "display",
  "live",
  "prefetch",
] as const satisfies readonly (keyof Traits)[];

/** Sent by hosts with Backbone models when the comm to the kernel opens or closes. */
const CONNECTION_EVENTS = ["comm:close", "comm_live_update"] as const;

export class Store {
  readonly #model: WidgetModel;
  readonly #client = crypto.getRandomValues(new Uint32Array(2)).join("-");
  readonly #conversation: Conversation;
  readonly #displays = new Set<() => void>();
  #state: State;
  #uploads = 0;
  #reading = false;
  #readView: unknown;
  #readFailure: unknown;
  // What rarely changes is read once, so that it is the same object, and nothing is painted again, until it does.
  readonly #catalog = remembered((trait: unknown) => unlessEmpty(readCatalog, trait, "_catalog"));
  readonly #network = remembered((trait: unknown) => readNetwork(trait, "_network"));
  readonly #pins = remembered((trait: unknown) => readPins(trait ?? [], "_pins"));
  readonly #asides;
  readonly #atlas = remembered((info: unknown, bytes: unknown) => ({
    info: readAtlasInfo(info, "_atlas_info"),
    bytes: readInt8(bytes),
  }));
  readonly #photograph = remembered((trait: unknown, network: Network) =>
    decodePhotograph(readBytes(trait), network.image),
  );

  constructor(model: WidgetModel) {
    this.#model = model;
    this.#asides = asidesReader(model);
    this.#conversation = new Conversation({
      send: (wanted, seq) => this.#send(wanted, seq),
      kernelState: () => kernelState(model.widget_manager),
      working: () => this.#state.progress !== null,
      changed: () => this.#heard(),
    });
    this.#state = {
      catalog: { models: [], images: [], architectures: [] },
      scene: null,
      wanted: null,
      silence: "none",
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
      aside: { meter: true, random: false, wayBack: null, compare: null },
      asides: NO_ASIDES,
      pins: [],
      live: false,
      prefetch: true,
    };
  }

  get state(): State {
    return this.#state;
  }

  /** Tells `display` of every change until the returned function is called. */
  subscribe(display: () => void): () => void {
    if (this.#displays.size === 0) this.#listen();
    this.#displays.add(display);
    return () => {
      if (this.#displays.delete(display) && this.#displays.size === 0) this.#unlisten();
    };
  }

  /** Changes what stays in the browser. */
  update(change: Partial<Pick<State, Local>>): void {
    this.#change(change);
  }

  setDisplay(display: DisplayMode): void {
    this.#set("display", display);
    this.#change({ display });
  }

  setLive(live: boolean): void {
    this.#set("live", live);
    this.#change({ live });
  }

  setPrefetch(prefetch: boolean): void {
    this.#set("prefetch", prefetch);
    this.#change({ prefetch });
  }

  /** Sets the pinned addresses; their pictures come from the kernel. */
  setPins(addresses: readonly string[]): void {
    this.#set("pins", addresses);
    this.#change({ pins: this.#state.pins.filter(({ address }) => addresses.includes(address)) });
  }

  pinnedAddresses(): readonly string[] {
    return readAddresses(this.#model.get("pins") ?? [], "pins");
  }

  /** Asks for something else beside the view; what is not named stays. */
  setAside(change: Partial<Aside>): void {
    const aside = { ...this.#state.aside, ...change };
    this.#change({ aside });
    this.ask({ aside });
  }

  /** Gives up the query under way. */
  cancel(): void {
    const seq = this.#conversation.inFlight;
    if (seq !== null) this.#set("_cancel", { client: this.#client, seq });
  }

  /** Tells the kernel which neuron of the shown layer the pointer rests on; null that it does no longer. */
  tellHover(neuron: NeuronPlace | null): void {
    const place = this.place();
    if (neuron === null || place === null || place.layer === null) this.#set("_hover", {});
    else {
      const { layer, architectures } = place;
      this.#set("_hover", { client: this.#client, layer, ...neuron, architectures });
    }
  }

  /** Sends a picture, and asks for it in place of the photograph. */
  upload(bytes: Uint8Array<ArrayBuffer>, name: string): void {
    this.#uploads += 1;
    const id = `${this.#client}-${this.#uploads}`;
    this.#model.set("_upload", new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    this.#model.set("_upload_info", { client: this.#client, id, name });
    this.ask({ image: `upload:${id}`, neuron: null });
  }

  /** Asks the kernel for another place. What is not named stays as it was last asked, or is now. */
  ask(change: Partial<Wanted>): void {
    const place = this.place();
    if (place === null) return;
    this.#conversation.ask({ ...place, ...change });
  }

  /** The place last asked for; the one shown where nothing is under way. */
  place(): Wanted | null {
    const { scene, wanted } = this.#state;
    if (wanted !== null || scene === null) return wanted;
    const { network, view } = scene;
    const { channel, y, x } = view.neuron;
    return {
      model: network.model,
      image: network.image.name,
      layer: view.layer,
      neuron: { channel, y, x },
      architectures: view.pictures.map(({ code }) => code),
      aside: this.#state.aside,
    };
  }

  /** The neuron to mark: in the shown layer, and at once where the person put it. */
  markedNeuron(): NeuronPlace | null {
    const { scene, wanted } = this.#state;
    if (scene === null) return null;
    if (wanted === null) return scene.view.neuron;
    const sameMaps =
      wanted.layer === scene.view.layer &&
      wanted.model === scene.network.model &&
      wanted.image === scene.network.image.name;
    return sameMaps ? wanted.neuron : null;
  }

  #send(wanted: Wanted, seq: number): void {
    this.#set("_query", { ...wanted, client: this.#client, seq });
  }

  #set<Name extends keyof Traits>(name: Name, value: Traits[Name]): void {
    this.#model.set(name, value);
    this.#model.save_changes();
  }

  #heard(): void {
    this.#change({ wanted: this.#conversation.wanted, silence: this.#conversation.silence });
  }

  #change(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change };
    for (const display of this.#displays) display();
  }

  readonly #onTrait = (): void => {
    // The traits of one answer change one after another within one task: read them when all are there.
    if (this.#reading) return;
    this.#reading = true;
    queueMicrotask(() => {
      this.#reading = false;
      void this.#read();
    });
  };

  readonly #onConnection = (): void => this.#conversation.disconnected();

  #listen(): void {
    for (const trait of WATCHED) this.#model.on(`change:${trait}`, this.#onTrait);
    for (const event of CONNECTION_EVENTS) this.#model.on(event, this.#onConnection);
    this.#onTrait();
  }

  #unlisten(): void {
    for (const trait of WATCHED) this.#model.off(`change:${trait}`, this.#onTrait);
    for (const event of CONNECTION_EVENTS) this.#model.off(event, this.#onConnection);
    this.#conversation.stop();
    this.#heard();
  }

  async #read(): Promise<void> {
    if (this.#displays.size === 0) return;
    try {
      this.#change({
        catalog: this.#catalog(this.#model.get("_catalog")) ?? this.#state.catalog,
        display: readDisplayMode(this.#model.get("display")),
        progress: unlessEmpty(readProgress, this.#model.get("_progress"), "_progress"),
        pins: this.#pins(this.#model.get("_pins")),
        live: this.#model.get("live") === true,
        prefetch: this.#model.get("prefetch") !== false,
      });
      this.#readFailureTrait();
      await this.#readViewTrait();
      const view = this.#state.scene?.view;
      if (view !== undefined) this.#change({ asides: this.#asides(view) });
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#change({ failure: error.message });
    }
  }

  #readFailureTrait(): void {
    const trait = this.#model.get("_failure");
    if (trait === this.#readFailure) return;
    this.#readFailure = trait;
    const failure = unlessEmpty(readFailure, trait, "_failure");
    if (failure === null) {
      this.#change({ failure: null });
      return;
    }
    const own = failure.client === this.#client;
    if (own && this.#conversation.isStale(failure.seq)) return;
    if (own) this.#conversation.answered(failure.seq);
    this.#change({ failure: failure.message });
  }

  async #readViewTrait(): Promise<void> {
    const trait = this.#model.get("_view");
    if (trait === this.#readView) return;
    const view = unlessEmpty(readView, trait, "_view");
    if (view === null) return;
    const own = view.client === this.#client;
    if (own && this.#conversation.isStale(view.seq)) return;
    const network = this.#network(this.#model.get("_network"));
    const parts = assembleScene({
      network,
      atlas: this.#atlas(this.#model.get("_atlas_info"), this.#model.get("_atlas")),
      view,
      map: readInt16(this.#model.get("_map")),
      pictures: readInt8(this.#model.get("_pictures")),
    });
    this.#readView = trait;
    const photograph = await this.#photograph(this.#model.get("_photograph"), network);
    if (this.#readView !== trait) return; // a newer view came while the photograph was decoded
    this.#change({ scene: { ...parts, photograph }, failure: null });
    if (own) this.#conversation.answered(view.seq);
  }
}
