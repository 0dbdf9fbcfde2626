// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const snippets = fileURLToPath(new URL("../docs/snippets/fetch", import.meta.url));

/** Where the programs are, one file each, so that no runtime has to resolve a module. */
export async function bundle(): Promise<string> {
  const outdir = fileURLToPath(new URL("../../.tmp/runtimes/bundles", import.meta.url));
  mkdirSync(outdir, { recursive: true });
  const shared = { bundle: true, format: "esm", outdir, outExtension: { ".js": ".mjs" } } as const;
  const programs = ["serve-program", "client-program"].map((name) => join(here, `${name}.ts`));
  await build({ ...shared, entryPoints: programs, platform: "node", target: "es2022" });
  const entryPoints = ["bun", "deno", "worker"].map((name) => join(snippets, `${name}.ts`));
  await build({ ...shared, entryPoints, platform: "neutral", mainFields: ["module", "main"] });
  writeFileSync(join(outdir, "worker.capnp"), workerConfig);
  return outdir;
}

const workerConfig = `
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs")],
  compatibilityDate = "2026-11-01",
);
`;
