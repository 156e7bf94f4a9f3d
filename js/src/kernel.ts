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

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

export function kernelState(widgetManager: unknown): KernelState {
  if (typeof widgetManager !== "object" || widgetManager === null || !("kernel" in widgetManager)) return "unknown";
  const { kernel } = widgetManager;
  if (kernel === null || kernel === undefined || property(kernel, "isDisposed") === true) return "absent";
  return STATES.get(property(kernel, "status")) ?? "unknown";
}
