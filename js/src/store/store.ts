/**
 * The one state that all displays of a widget share: what the kernel sent, what was asked, and the choices that
 * stay in the browser. Listens to the widget's model while at least one display is mounted.
 */

import { kernelState, pingKernel } from "../protocol/kernel";
import type { NeuronPlace, PanelRequest, Traits, ViewRequest, WidgetModel } from "../protocol/protocol";
import { queryQueue } from "../protocol/query_queue";
import { actionQueue, type Press } from "./action_queue";
import { drawnPlace, isSettled, latestPlace } from "./requests";
import type { State } from "./state";
import { traitReader } from "./trait_reader";

/** What a view may change at will: it stays in the browser. */
type Local =
  | "failure"
  | "gain"
  | "scale"
  | "zoom"
  | "photographShare"
  | "order"
  | "hover"
  | "edges"
  | "enlarged"
  | "firstCompared";

/** Sent by hosts with Backbone models when the comm to the kernel opens or closes. */
const CONNECTION_EVENTS = ["comm:close", "comm_live_update"] as const;

/** What is said of a press that a choice overtook. */
const LOST = { pin: "not pinned", save: "not saved" };

/** Before anything came. */
const EMPTY: State = {
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

export type Store = ReturnType<typeof openStore>;

export const openStore = (model: WidgetModel) => {
  /** It may be of a kernel that is no more. */
  const savedProgress = model.get("_progress");
  const client = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const displays = new Set<() => void>();
  let state = EMPTY;
  const watched = new Set<keyof Traits>();
  let reading = false;

  const change = (changes: Partial<State>): void => {
    state = { ...state, ...changes };
    for (const display of displays) display();
  };
  /** A trait, which is watched from now on, as long as there is a display. */
  const get = <Name extends keyof Traits>(name: Name): Traits[Name] | undefined => {
    if (displays.size > 0 && !watched.has(name)) {
      model.on(`change:${name}`, onTrait);
      watched.add(name);
    }
    return model.get(name);
  };
  const set = <Name extends keyof Traits>(name: Name, value: Traits[Name]): void => {
    model.set(name, value);
    model.save_changes();
  };
  const queries = queryQueue({
    send: (requested, seq) => set("_query", { ...requested, client, seq }),
    kernelState: () => kernelState(model.widget_manager),
    pingKernel: () => pingKernel(model.widget_manager),
    working: () => state.progress !== null && model.get("_progress") !== savedProgress,
    changed: (requested, outage) => {
      change({ requested, outage });
      if (requested || !model.get("_upload")?.byteLength) return;
      // A person's picture would be saved with the notebook. The kernel, which has it, is told with what comes next.
      model.set("_upload", new DataView(new ArrayBuffer(0)));
      model.set("_upload_info", {});
    },
  });

  const steps = actionQueue({
    ask(changes) {
      const place = latestPlace(state);
      if ("neuron" in changes) change({ refused: null });
      if (place) queries.ask({ ...place, ...changes });
      return state.requested;
    },
    isSettled: () => isSettled(state),
    withdraw: () => queries.withdraw(),
    lost: (does) => change({ failure: `${LOST[does]}: another place was chosen before its pictures came` }),
  });

  const readTraits = traitReader({
    get,
    client,
    isStale: queries.isStale,
    show(shown, seq) {
      change({ shown, failure: null });
      if (seq === null) change({ refused: null });
      else steps.drawn(queries.answered(seq));
    },
    refuse(seq) {
      const place = queries.answered(seq);
      if (!steps.refused() && place?.neuron === null && !state.requested) change({ refused: place });
    },
    now: () => state,
    change,
  });

  const onTrait = (): void => {
    // The traits of one answer change one after another within one task: read them when all are there.
    if (reading) return;
    reading = true;
    queueMicrotask(() => {
      reading = false;
      if (displays.size > 0) void readTraits().then(steps.resume);
    });
  };
  /** What waits for an answer that will not come is not carried out with what is done now. */
  const forgetUnanswered = (): void => {
    if (state.outage === "no kernel") steps.forget();
  };
  const onConnection = (): void => queries.disconnected();
  const store = {
    get state(): State {
      return state;
    },

    /** Tells `display` of every change until the returned function is called. */
    subscribe(display: () => void): () => void {
      if (displays.size === 0) {
        for (const event of CONNECTION_EVENTS) model.on(event, onConnection);
        onTrait();
      }
      displays.add(display);
      return () => {
        if (!displays.delete(display) || displays.size > 0) return;
        for (const event of CONNECTION_EVENTS) model.off(event, onConnection);
        for (const name of watched) model.off(`change:${name}`, onTrait);
        watched.clear();
        steps.forget();
        queries.stop();
      };
    },

    /** Changes what stays in the browser. */
    update(changes: Partial<Pick<State, Local>>): void {
      change(changes);
    },

    /** Sets what Python sees and sets as well. */
    share<Name extends "display" | "live" | "prefetch">(name: Name, value: Traits[Name]): void {
      set(name, value);
      change({ [name]: value });
    },

    /** Sets the pinned addresses; their pictures come from the kernel. */
    setPins(addresses: readonly string[]): void {
      set("pins", addresses);
      change({ pins: state.pins.filter(({ address }) => addresses.includes(address)) });
    },

    pinnedAddresses(): readonly string[] {
      return model.get("pins") ?? [];
    },

    /** Asks for something else beside the view; what is not named stays. */
    requestPanels(changes: Partial<PanelRequest>): void {
      const panelRequest = { ...state.panelRequest, ...changes };
      change({ panelRequest });
      store.ask({ panelRequest });
    },

    /** Carries out a key press, after those before it. */
    press(press: Press): void {
      forgetUnanswered();
      steps.press(press);
    },

    /** Gives up the query under way, and what waits for its answer. */
    cancel(): void {
      steps.forget();
      const seq = queries.inFlight;
      if (seq !== null) set("_cancel", { client, seq });
    },

    /** Tells the kernel which neuron of the shown layer the pointer rests on; null that it does no longer. */
    sendHover(neuron: NeuronPlace | null): void {
      const place = latestPlace(state);
      if (!neuron || !place?.layer) set("_hover", {});
      else set("_hover", { client, layer: place.layer, ...neuron, architectures: place.architectures });
    },

    /** Sends a picture, and asks for it in place of the photograph. */
    upload(bytes: Uint8Array<ArrayBuffer>, name: string): void {
      const id = `${client}-${performance.now()}`;
      model.set("_upload", new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      model.set("_upload_info", { client, id, name });
      store.ask({ image: `upload:${id}`, neuron: null });
    },

    /** Asks the kernel for another place. What is not named stays as it was last asked, or is now. */
    ask(changes: Partial<ViewRequest>): void {
      forgetUnanswered();
      steps.choose(changes);
    },

    /** Asks for a neuron that is drawn, or of one of the drawn layer in another image, whatever else is under way. */
    pick(neuron: NeuronPlace, image?: string): void {
      const here = drawnPlace(state);
      if (here) store.ask({ model: here.model, image: image ?? here.image, layer: here.layer, neuron });
    },
  };
  return store;
};
