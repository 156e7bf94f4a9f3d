/**
 * Builds the front end into the Python package. Beyond what esbuild does by itself two things make the widget small:
 * functions of `Math` and a few long global names are bound to short ones once (`globals.mjs`), and the members that
 * are ours alone, in `mangled.json`, are renamed. A name that crosses to the kernel or belongs to the browser must
 * not be among them: tests/bundle.test.ts holds the list against both.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { short } from "./globals.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const mangled = JSON.parse(readFileSync(here("mangled.json"), "utf-8"));

/** How one entry point is bundled. */
export function bundled(entry) {
  return {
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    mangleProps: new RegExp(`^(?:${mangled.join("|")})$`),
    define: short,
    inject: [here("globals.mjs")],
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outdir = here("../src/deconvscope/explorer/static");
  const made = { outdir, logLevel: "info" };
  for (const entry of ["src/widget.ts", "src/widget.css"]) await build({ ...bundled(entry), ...made });
  // A plain script, which runs while its page is still being read. It reads what Python wrote: nothing is renamed.
  for (const entry of ["src/page/page.ts", "src/page/page.css"])
    await build({ ...bundled(entry), ...made, format: "iife", mangleProps: undefined });
}
