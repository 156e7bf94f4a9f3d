/** What a host tells about the kernel behind a widget. JupyterLab's widget manager has a `kernel`, others do not. */

import type { KernelState } from "./conversation";

const STATES = [
  ["absent", /dead|terminating/],
  ["idle", /idle/],
  ["busy", /busy|starting/],
] as const;

/** JupyterLab's manager. */
interface Manager {
  readonly kernel: { readonly status?: string; readonly isDisposed?: boolean } | null | undefined;
}

export const kernelState = (widgetManager: unknown): KernelState => {
  if (!("kernel" in Object(widgetManager))) return "unknown";
  const { kernel } = widgetManager as Manager;
  if (!kernel || kernel.isDisposed) return "absent";
  return STATES.find(([, status]) => status.test(kernel.status ?? ""))?.[0] ?? "unknown";
};
