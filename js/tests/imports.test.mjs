import { expect, test } from "vitest";
import { bundle, ENTRIES } from "../build.mjs";

/** The modules on the first circle of imports that is met from `path` on; null where there is none. */
const circle = (imports, path, above = [], done = new Set()) => {
  if (above.includes(path)) return [...above.slice(above.indexOf(path)), path];
  if (done.has(path)) return null;
  done.add(path);
  for (const next of imports[path] ?? []) {
    const found = circle(imports, next, [...above, path], done);
    if (found) return found;
  }
  return null;
};

test("a circle of imports is found, and only a circle", () => {
  expect(circle({ a: ["b", "c"], b: ["c"], c: [] }, "a")).toBeNull();
  expect(circle({ a: ["b"], b: ["c"], c: ["b"] }, "a")).toEqual(["b", "c", "b"]);
});

test.each(Object.keys(ENTRIES))("no module of %s imports itself through others", async (entry) => {
  const { metafile } = await bundle(entry);
  const graph = Object.entries(metafile.inputs).map(([path, { imports }]) => [path, imports.map((one) => one.path)]);
  expect(circle(Object.fromEntries(graph), entry)).toBeNull();
});
