/** Builds the front end into the Python package. */

import { mkdir, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Every entry point, with what its esbuild options add to those of all. */
export const ENTRIES = {
  "src/widget.ts": {},
  "src/widget.css": {},
  // A plain script, which runs while its page is still being read.
  "src/page/page.ts": { format: "iife" },
  "src/page/page.css": {},
};

/** Bundle one entry point, with further options of esbuild; return its text and metafile. */
export async function bundle(entry, options = {}) {
  const { outputFiles, metafile } = await build({
    entryPoints: [here(entry)],
    absWorkingDir: here("."),
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    legalComments: "none",
    ...ENTRIES[entry],
    ...options,
  });
  return { text: outputFiles[0].text, metafile };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = here("../src/deconvscope/explorer/static/");
  await mkdir(folder, { recursive: true });
  for (const entry of Object.keys(ENTRIES)) {
    const name = basename(entry).replace(".ts", ".js");
    const { text } = await bundle(entry);
    await writeFile(folder + name, text);
    console.log(`${name}: ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB`);
  }
}
