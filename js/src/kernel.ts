/** What a host tells about the kernel behind a widget. JupyterLab's widget manager has a `kernel`, others do not. */

import type { KernelState } from "./conversation";

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

export function kernelState(widgetManager: unknown): KernelState {
  if (typeof widgetManager !== "object" || widgetManager === null || !("kernel" in widgetManager)) return "unknown";
  const { kernel } = widgetManager;
  if (kernel === null || kernel === undefined || property(kernel, "isDisposed") === true) return "absent";
  switch (property(kernel, "status")) {
    case "dead":
    case "terminating":
      return "absent";
    case "idle":
      return "idle";
    case "busy":
    case "starting":
    case "restarting":
    case "autorestarting":
      return "busy";
    default:
      return "unknown";
  }
}
