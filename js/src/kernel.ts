/** What a host tells about the kernel behind a widget. JupyterLab's widget manager has a `kernel`, others do not. */

import type { KernelState } from "./conversation";

const STATES: ReadonlyMap<unknown, KernelState> = new Map([
  ["dead", "absent"],
  ["terminating", "absent"],
  ["idle", "idle"],
  ["busy", "busy"],
  ["starting", "busy"],
  ["restarting", "busy"],
  ["autorestarting", "busy"],
]);

/** JupyterLab's manager. */
interface Manager {
  readonly kernel: { readonly status?: string; readonly isDisposed?: boolean } | null | undefined;
}

export const kernelState = (widgetManager: unknown): KernelState => {
  if (!("kernel" in Object(widgetManager))) return "unknown";
  const { kernel } = widgetManager as Manager;
  return !kernel || kernel.isDisposed ? "absent" : (STATES.get(kernel.status) ?? "unknown");
};
