/**
 * Builds the front end into the Python package. Beyond what esbuild does by itself three things make the widget small:
 * terser compresses what esbuild bundled; functions of `Math` and a long global name are bound to short names once
 * (`globals.mjs`); and the members that are ours alone, in `mangled.json`, are renamed. A name that crosses to the
 * kernel or belongs to the browser must not be among them: tests/bundle.test.ts drives the bundle itself.
 */

import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";
import { short } from "./globals.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const mangled = JSON.parse(readFileSync(here("mangled.json"), "utf-8"));

/** The text of one bundled entry point; `change` adds to, or takes from, esbuild's options. */
export async function bundled(entry, change = {}) {
  const script = entry.endsWith(".ts");
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    write: false,
    minify: !script,
    minifySyntax: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    mangleProps: new RegExp(`^(?:${mangled.join("|")})$`),
    define: short,
    inject: [here("globals.mjs")],
    ...change,
  });
  const { text } = outputFiles[0];
  if (!script) return text;
  const compress = { ecma: 2022, passes: 3, keep_fargs: false, unsafe_arrows: true, unsafe_methods: true };
  return (await minify(text, { ecma: 2022, module: true, compress })).code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // The page's is a plain script, which runs while its page is still being read. It reads what Python wrote.
  const page = { format: "iife", mangleProps: undefined };
  const folder = here("../src/deconvscope/explorer/static/");
  await mkdir(folder, { recursive: true });
  for (const [entry, change] of [
    ["src/widget.ts"],
    ["src/widget.css"],
    ["src/page/page.ts", page],
    ["src/page/page.css"],
  ]) {
    const name = basename(entry).replace(".ts", ".js");
    const text = await bundled(entry, change);
    await writeFile(folder + name, text);
    console.log(`${name}: ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB`);
  }
}
