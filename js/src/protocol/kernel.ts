/** What a host reports about the kernel behind a widget. Only JupyterLab's widget manager has a `kernel`. */

import type { KernelState } from "./query_queue";

interface Kernel {
  readonly status?: string;
  readonly isDisposed?: boolean;
  /** Asks for the comms that are open. */
  readonly requestCommInfo?: (content: object) => Promise<unknown>;
}

const kernelOf = (widgetManager: unknown): Kernel | null | undefined =>
  (Object(widgetManager) as { readonly kernel?: Kernel | null }).kernel;

export const kernelState = (widgetManager: unknown): KernelState => {
  if (!("kernel" in Object(widgetManager))) return "unknown";
  const kernel = kernelOf(widgetManager);
  const status = kernel?.status ?? "";
  if (!kernel || kernel.isDisposed || /dead|terminating/.test(status)) return "absent";
  if (status.includes("idle")) return "idle";
  return /busy|starting/.test(status) ? "busy" : "unknown";
};

/** Asks the kernel something that it answers after all that it was asked before; null where the host has no way to. */
export const pingKernel = (widgetManager: unknown): Promise<unknown> | null =>
  kernelOf(widgetManager)?.requestCommInfo?.({ target_name: "jupyter.widget" }) ?? null;
