// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation How large our client is in a browser: `npm run build && npx tsx bench/bundle-size.ts`. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** What a bundler makes of a page. */
export interface Bundle {
  /** Octets, minified. */
  readonly bytes: number;
  /** Octets, minified and compressed with gzip. */
  readonly gzipBytes: number;
  /** Our modules in it, by the path in `runtime/dist`, with the octets that each adds. */
  readonly modules: ReadonlyMap<string, number>;
}

/** A page of `bundle/`. */
export type Page = "ours" | "ours-with-metadata" | "connect-web";

/** The condition with which clients go without the code of options. */
export const lite = "connect-stream-lite";

/** Bundles a page, as for production. */
export async function bundlePage(name: Page, conditions: readonly string[] = []): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`./bundle/${name}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: [...conditions],
    outdir: "out",
  });
  const [{ contents = new Uint8Array() } = {}] = outputFiles;
  const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  const modules = inputs
    .map(([path, { bytesInOutput }]) => [path.split("runtime/dist/")[1], bytesInOutput] as const)
    .filter((entry): entry is [string, number] => entry[0] !== undefined && entry[1] > 0);
  const gzipBytes = gzipSync(contents, { level: 9 }).length;
  return { bytes: contents.length, gzipBytes, modules: new Map(modules) };
}

async function main(): Promise<void> {
  const theirs = await bundlePage("connect-web");
  const ours = await bundlePage("ours");
  const pages = {
    "connect-web": theirs,
    ours,
    [`ours, with ${lite}`]: await bundlePage("ours", [lite]),
  };
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  for (const [name, { bytes, gzipBytes }] of Object.entries(pages)) {
    const ratio = (gzipBytes / theirs.gzipBytes).toFixed(2);
    console.log(`${name}: ${kib(bytes)}, with gzip ${kib(gzipBytes)}, × connect-web ${ratio}`);
  }
  for (const [path, bytes] of [...ours.modules].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(bytes).padStart(6)} ${path}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
