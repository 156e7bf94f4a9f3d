/** The development page: one explorer on a dumped state, with a kernel where `askKernel` was given to the window. */

import type { Query } from "../src/protocol";
import widget from "../src/widget";
import { type Dump, HostModel } from "./host";

declare global {
  interface Window {
    askKernel?: (query: Query) => Promise<Dump>;
    host?: HostModel;
    unmount?: () => void;
  }
}

const state: Dump = await (await fetch("state.json")).json();
const el = document.getElementById("explorer");
if (el !== null) {
  const model = new HostModel(
    state,
    window.askKernel === undefined ? null : (query) => window.askKernel?.(query) ?? Promise.reject(),
  );
  const { initialize, render } = widget();
  initialize({ model });
  window.host = model;
  window.unmount = render({ model, el });
}
