// @vitest-environment happy-dom
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { FakeModel } from "./sample";

/** Bytes, so that notebooks and exported pages stay small. */
const LIMITS = { "src/widget.ts": 60_000, "src/page/page.ts": 70_000 };

// In a process of its own: esbuild does not run beside a simulated browser.
const bundled = (entry) => {
  const print = `import("./build.mjs").then(async ({ bundle }) => process.stdout.write((await bundle("${entry}")).text))`;
  return execFileSync(process.execPath, ["-e", print], { cwd: join(import.meta.dirname, "..") });
};

test.each(Object.entries(LIMITS))("the bundle of %s is small, and fetches nothing", (entry, limit) => {
  const bytes = bundled(entry);
  expect(bytes.toString()).not.toMatch(/https?:\/\/(?!www\.w3\.org)|\bfetch\(|XMLHttpRequest|WebSocket|@import/);
  expect(bytes.length).toBeGreaterThan(10_000);
  expect(bytes.length).toBeLessThan(limit);
});

test("the bundle sends and shows what the source does", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }); // which of both is slower must not matter
  let painted = 0;
  const image = { data: new Uint8ClampedArray(64) };
  const method = (name) => {
    if (name === "putImageData") painted += 1;
    return image;
  };
  const context = new Proxy({}, { get: (_, name) => () => method(name), set: () => true });
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockImplementation(() => context);
  vi.stubGlobal("createImageBitmap", () => Promise.resolve({ close: () => {} }));
  vi.stubGlobal("ImageData", class {});
  const frames = async () => {
    for (let frame = 0; frame < 4; frame++) await new Promise((done) => requestAnimationFrame(done));
  };
  const sent = async (path) => {
    const { initialize, render } = (await import(path)).default();
    const [model, el] = [new FakeModel(), document.createElement("div")];
    document.body.append(el);
    initialize({ model });
    const unmount = render({ model, el });
    await frames();
    const html = el.innerHTML;
    painted = 0;
    const set = vi.spyOn(model, "set");
    for (const button of el.querySelectorAll("button")) {
      if (/copy|PNG/.test(button.textContent)) continue;
      button.click();
      await frames();
    }
    unmount();
    const own = (_, value) => (typeof value === "string" && /^\d+-\d+$/.test(value) ? "client" : value);
    return { html, painted, traits: JSON.parse(JSON.stringify(set.mock.calls, own)) };
  };
  const [source, bundle] = [
    await sent("../src/widget"),
    await sent(`data:text/javascript;base64,${bundled("src/widget.ts").toString("base64")}`),
  ];
  vi.useRealTimers();
  expect(source.traits.length).toBeGreaterThan(5);
  expect(source.painted).toBeGreaterThan(5);
  expect(bundle).toEqual(source);
});
