/** The entry point that anywidget loads: one store for a widget, one mounted explorer for each of its displays. */

import type { AnyWidget } from "@anywidget/types";
import { mount } from "./explorer";
import type { Traits, WidgetModel } from "./protocol/protocol";
import { openStore, type Store } from "./store/store";

interface Opened {
  readonly model: WidgetModel;
  /** Older hosts give none, and call the clean-up alone. */
  readonly signal?: AbortSignal;
}

const explorerWidget = () => {
  let store: Store | null = null;
  const storeOf = (model: WidgetModel): Store => {
    store ??= openStore(model);
    return store;
  };
  return {
    initialize({ model }: Opened): void {
      storeOf(model);
    },
    render({ model, el, signal }: Opened & { readonly el: HTMLElement }): () => void {
      const unmount = mount(storeOf(model), el);
      signal?.addEventListener("abort", unmount, { once: true });
      return unmount;
    },
  };
};

explorerWidget satisfies AnyWidget<Traits>;

export default explorerWidget;
