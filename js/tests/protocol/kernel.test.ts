import { expect, test } from "vitest";
import { kernelState, pingKernel } from "../../src/protocol/kernel";

test("JupyterLab's manager reports its kernel's state", () => {
  expect(kernelState({ kernel: null })).toBe("absent");
  expect(kernelState({ kernel: { status: "idle", isDisposed: true } })).toBe("absent");
  expect(kernelState({ kernel: { status: "dead" } })).toBe("absent");
  expect(kernelState({ kernel: { status: "idle" } })).toBe("idle");
  expect(kernelState({ kernel: { status: "restarting" } })).toBe("busy");
});

test("other hosts report nothing", () => {
  expect(kernelState(undefined)).toBe("unknown");
  expect(kernelState({ get_model: () => null })).toBe("unknown");
  expect(kernelState({ kernel: { status: "unknown" } })).toBe("unknown");
});

test("a ping is sent to JupyterLab's kernel, where there is one", async () => {
  const kernel = { requestCommInfo: async (content: object) => content };
  expect(await pingKernel({ kernel })).toEqual({ target_name: "jupyter.widget" });
  for (const manager of [{ kernel: null }, { kernel: { status: "idle" } }, undefined, {}])
    expect(pingKernel(manager)).toBeNull();
});
