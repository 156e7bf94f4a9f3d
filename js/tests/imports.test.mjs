import { readFileSync } from "node:fs";
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

/** Imports of types count as well: esbuild follows them as imports for side effects. */
const importTypes = {
  name: "import types",
  setup: ({ onLoad }) =>
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, "utf-8").replace(/^import type [^;]* from ("[^"]+");/gm, "import $1;"),
      loader: "ts",
    })),
};

/** What each module imports, by paths. */
const importsOf = async (entry) => {
  const { metafile } = await bundle(entry, { plugins: [importTypes] });
  return Object.fromEntries(
    Object.entries(metafile.inputs).map(([path, { imports }]) => [path, imports.map((one) => one.path)]),
  );
};

test.each(Object.keys(ENTRIES))("no module of %s imports itself through others", async (entry) => {
  expect(circle(await importsOf(entry), entry)).toBeNull();
});

test("imports between folders run one way", async () => {
  const folders = ["pictures", "protocol", "store", "views"];
  const level = (path) => folders.indexOf(path.split("/")[1]);
  const imports = Object.entries(await importsOf("src/widget.ts")).flatMap(([path, all]) =>
    all.map((one) => [path, one]),
  );
  const inFolders = imports.filter((pair) => pair.every((path) => level(path) >= 0));
  expect(inFolders.length).toBeGreaterThan(50);
  expect(inFolders.filter(([path, imported]) => level(path) < level(imported))).toEqual([]);
});
