/**
 * Builds the front end into the Python package: esbuild bundles, terser compresses and gives short names to the members
 * that are ours alone. Names that browsers know are not ours (TypeScript's libraries declare them), nor is what kernel and
 * hosts know, nor a name that is somewhere looked up by a string. tests/bundle.test.mjs drives the bundle.
 */

import { readdirSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { minify } from "terser";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** The TypeScript compiler, whose libraries declare all that browsers know. */
const COMPILER = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
/** What is said to the kernel and to hosts. */
const SPOKEN = ["src/protocol.ts", "src/kernel.ts", "src/widget.ts"];

/** The names that must stay in a script: what is spoken, what browsers know, and what is looked up by a string. */
function reservedIn(script) {
  const words = SPOKEN.flatMap((path) =>
    readFileSync(here(path), "utf-8")
      .replace(/\/\*[^]*?\*\/|\/\/ .*/g, "")
      .match(/[\w$]+/g),
  );
  const compiler = dirname(createRequire(import.meta.url).resolve(COMPILER));
  const libraries = readdirSync(`${compiler}/lib`).filter((name) => /^lib\.(dom|es).*d\.ts$/.test(name));
  const members = libraries.flatMap((name) =>
    [...readFileSync(`${compiler}/lib/${name}`, "utf-8").matchAll(/^ {4}(?:readonly |get |set )?(\w+)\??[:(<]/gm)].map(
      ([, member]) => member,
    ),
  );
  const quoted = [...script.matchAll(/"([\w$]+)"/g)].map(([, word]) => word);
  return [...new Set([...words, ...members, ...quoted])];
}

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
    ...change,
  });
  const { text } = outputFiles[0];
  if (!script) return text;
  const compress = { ecma: 2022, passes: 5, keep_fargs: false, unsafe: true, unsafe_arrows: true, pure_getters: true };
  // Names with a capital are keys of the keyboard, which are looked up as well.
  const properties = change.format === "iife" ? false : { reserved: reservedIn(text), regex: /^[a-z]/, keep_quoted: true, builtins: true };
  return (await minify(text, { ecma: 2022, module: true, compress, mangle: { properties } })).code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = here("../src/deconvscope/explorer/static/");
  await mkdir(folder, { recursive: true });
  for (const [entry, change] of [
    ["src/widget.ts"],
    ["src/widget.css"],
    // A plain script, which runs while its page is still being read. It reads what Python wrote.
    ["src/page/page.ts", { format: "iife" }],
    ["src/page/page.css"],
  ]) {
    const name = basename(entry).replace(".ts", ".js");
    const text = await bundled(entry, change);
    await writeFile(folder + name, text);
    console.log(`${name}: ${(Buffer.byteLength(text) / 1000).toFixed(1)} kB`);
  }
}
