/** The state of a widget and what changes it. Listens to the widget's model while at least one display is mounted. */

import { kernelState, pingKernel } from "../protocol/kernel";
import {
  type NeuronPlace,
  type PanelRequest,
  queryOf,
  type Traits,
  type ViewRequest,
  type WidgetModel,
} from "../protocol/protocol";
import { queryQueue } from "../protocol/query_queue";
import { actionQueue, type Press } from "./action_queue";
import { isSettled, latestRequest, shownRequest } from "./requests";
import { EMPTY, type LocalState, type State } from "./state";
import { traitReader } from "./trait_reader";

/** Sent by hosts with Backbone models when the comm to the kernel opens or closes. */
const CONNECTION_EVENTS = ["comm:close", "comm_live_update"] as const;

const OVERTAKEN = { pin: "not pinned", save: "not saved" };

export type Store = ReturnType<typeof openStore>;

export const openStore = (model: WidgetModel) => {
  /** Saved progress may come from a kernel that no longer runs. */
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

  /** A trait, which is watched from now on while there is a display. */
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
    send: (request, seq) => set("_query", queryOf(request, { client, seq })),
    kernelState: () => kernelState(model.widget_manager),
    pingKernel: () => pingKernel(model.widget_manager),
    working: () => state.progress !== null && model.get("_progress") !== savedProgress,
    changed: (requested, outage) => {
      change({ requested, outage });
      if (requested || !model.get("_upload")?.byteLength) return;
      // The kernel has the uploaded picture by now, which would be saved with the notebook. Is sent with what is set next.
      model.set("_upload", new DataView(new ArrayBuffer(0)));
      model.set("_upload_info", {});
    },
  });

  const actions = actionQueue({
    ask(changes) {
      const place = latestRequest(state);
      if ("neuron" in changes) change({ refused: null });
      if (place) queries.ask({ ...place, ...changes });
      return state.requested;
    },
    isSettled: () => isSettled(state),
    withdraw: queries.withdraw,
    overtaken: (command) =>
      change({ failure: `${OVERTAKEN[command]}: another place was chosen before its pictures came` }),
  });

  const readTraits = traitReader({
    get,
    client,
    isStale: queries.isStale,
    show(shown, seq) {
      change({ shown, failure: null });
      if (seq === null) change({ refused: null });
      else actions.shown(queries.answered(seq));
    },
    refuse(seq) {
      const request = queries.answered(seq);
      if (!actions.refused() && request?.neuron === null && !state.requested) change({ refused: request });
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
      if (displays.size > 0) void readTraits().then(actions.resume);
    });
  };

  /** Drops actions that wait for an answer that will not come. */
  const forgetUnanswered = (): void => {
    if (state.outage === "no kernel") actions.forget();
  };

  const store = {
    get state(): State {
      return state;
    },

    /** Calls `display` on every change until the returned function is called. */
    subscribe(display: () => void): () => void {
      if (displays.size === 0) {
        for (const event of CONNECTION_EVENTS) model.on(event, queries.disconnected);
        onTrait();
      }
      displays.add(display);
      return () => {
        if (!displays.delete(display) || displays.size > 0) return;
        for (const event of CONNECTION_EVENTS) model.off(event, queries.disconnected);
        for (const name of watched) model.off(`change:${name}`, onTrait);
        watched.clear();
        actions.forget();
        queries.withdraw();
      };
    },

    /** Changes what stays in the browser. */
    update: (changes: Partial<LocalState>): void => change(changes),

    /** Changes what Python sees and may change as well. */
    share<Name extends "display" | "live" | "prefetch">(name: Name, value: Traits[Name]): void {
      set(name, value);
      change({ [name]: value });
    },

    /** Sets the pinned addresses; their pictures come from the kernel. */
    setPins(addresses: readonly string[]): void {
      set("pins", addresses);
      change({ pins: state.pins.filter(({ address }) => addresses.includes(address)) });
    },

    pinnedAddresses: (): readonly string[] => model.get("pins") ?? [],

    /** Requests something else beside the view; what is not named stays. */
    requestPanels(changes: Partial<PanelRequest>): void {
      const panelRequest = { ...state.panelRequest, ...changes };
      change({ panelRequest });
      store.ask({ panelRequest });
    },

    /** Carries out a key press, after those before it. */
    press(press: Press): void {
      forgetUnanswered();
      actions.press(press);
    },

    /** Cancels the query in flight, and drops what waits for its answer. */
    cancel(): void {
      actions.forget();
      const seq = queries.inFlight;
      if (seq !== null) set("_cancel", { client, seq });
    },

    /** Sends the neuron of the latest layer on which the pointer rests; null where it rests on none. */
    sendHover(neuron: NeuronPlace | null): void {
      const place = latestRequest(state);
      if (!neuron || !place?.layer) set("_hover", {});
      else set("_hover", { client, layer: place.layer, ...neuron, architectures: place.architectures });
    },

    /** Uploads a picture and requests it in place of the photograph. */
    upload(bytes: Uint8Array<ArrayBuffer>, name: string): void {
      const id = `${client}-${performance.now()}`;
      model.set("_upload", new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      model.set("_upload_info", { client, id, name });
      store.ask({ image: `upload:${id}`, neuron: null });
    },

    /** Requests another place. What is not named stays as it was last requested, or is shown. */
    ask(changes: Partial<ViewRequest>): void {
      forgetUnanswered();
      actions.choose(changes);
    },

    /** Requests a neuron of the layer shown, whatever else was requested; optionally in another image. */
    pick(neuron: NeuronPlace, image?: string): void {
      const here = shownRequest(state);
      if (here) store.ask({ model: here.model, image: image ?? here.image, layer: here.layer, neuron });
    },
  };
  return store;
};
