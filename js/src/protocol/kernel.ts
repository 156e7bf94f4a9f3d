/** What a host tells about the kernel behind a widget. JupyterLab's widget manager has a `kernel`, others do not. */

import type { KernelState } from "./query_queue";

const STATES = [
  ["absent", /dead|terminating/],
  ["idle", /idle/],
  ["busy", /busy|starting/],
] as const;

/** JupyterLab's manager. */
interface Manager {
  readonly kernel:
    | {
        readonly status?: string;
        readonly isDisposed?: boolean;
        /** Asks for the comms that are open. */
        readonly requestCommInfo?: (content: object) => Promise<unknown>;
      }
    | null
    | undefined;
}

const kernelOf = (widgetManager: unknown): Manager["kernel"] => (Object(widgetManager) as Manager).kernel;

export const kernelState = (widgetManager: unknown): KernelState => {
  if (!("kernel" in Object(widgetManager))) return "unknown";
  const kernel = kernelOf(widgetManager);
  if (!kernel || kernel.isDisposed) return "absent";
  return STATES.find(([, status]) => status.test(kernel.status ?? ""))?.[0] ?? "unknown";
};

/** Asks the kernel something that it answers after what it was asked before; null where the host has no way to. */
export const pingKernel = (widgetManager: unknown): Promise<unknown> | null =>
  kernelOf(widgetManager)?.requestCommInfo?.({ target_name: "jupyter.widget" }) ?? null;
