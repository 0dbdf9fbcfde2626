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

/** Bundles one of the pages in `bundle/`, as for production. */
export async function bundlePage(name: "ours" | "connect-web"): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`./bundle/${name}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
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
  const ours = await bundlePage("ours");
  const theirs = await bundlePage("connect-web");
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  for (const [name, { bytes, gzipBytes }] of Object.entries({ ours, "connect-web": theirs })) {
    console.log(`${name}: ${kib(bytes)}, with gzip ${kib(gzipBytes)}`);
  }
  const [ratio, gzipRatio] = [ours.bytes / theirs.bytes, ours.gzipBytes / theirs.gzipBytes];
  console.log(`ours by connect-web: ${ratio.toFixed(2)}, with gzip ${gzipRatio.toFixed(2)}`);
  for (const [path, bytes] of [...ours.modules].sort(([, a], [, b]) => b - a)) {
    console.log(`${String(bytes).padStart(6)} ${path}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
