/** The development page: one explorer on a dumped state, with a kernel where `askKernel` was given to the window. */

import widget from "../src/widget";
import { type Dump, HostModel, type Kernel } from "./host";

declare global {
  interface Window {
    askKernel?: Kernel;
    host?: HostModel;
    unmount?: () => void;
  }
}

const state: Dump = await (await fetch("state.json")).json();
const el = document.getElementById("explorer");
if (el !== null) {
  const model = new HostModel(
    state,
    window.askKernel === undefined ? null : (changes) => window.askKernel?.(changes) ?? Promise.reject(),
  );
  const { initialize, render } = widget();
  initialize({ model });
  window.host = model;
  window.unmount = render({ model, el });
}
