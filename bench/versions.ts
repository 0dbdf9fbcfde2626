// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import type { Contestant } from "./contestants.js";
import { goVersions } from "./go.js";
import { isGo } from "./peers/peer.js";

const require = createRequire(import.meta.url);

/** What people call the packages. */
const packages = {
  "Connect-ES": "@connectrpc/connect-node",
  "grpc-js": "@grpc/grpc-js",
  "nice-grpc": "nice-grpc",
  "protobuf-es": "@bufbuild/protobuf",
};

/** Of Node.js, of the packages that are installed and, where they take part, of Go and its modules. */
export function versionsOf(contestants: readonly Contestant[]): Record<string, string> {
  const installed = Object.entries(packages).map(([name, path]) => [name, packageVersion(path)]);
  const go = contestants.some(({ server, client }) => isGo(server) || isGo(client));
  return {
    "Node.js": process.versions.node,
    ...Object.fromEntries(installed),
    ...(go && goVersions()),
  };
}

/** Looks for the package.json above the entry point, since not every package exports its own. */
function packageVersion(name: string): string {
  const entry = require.resolve(name);
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const found = readJson(join(folder, "package.json"));
    if (found?.name === name && found.version !== undefined) return found.version;
  }
  throw new Error(`the version of ${name} is not to be found`);
}

function readJson(path: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** "2 × the processor's name". */
export function machine(): string {
  const all = cpus();
  return `${all.length} × ${all[0]?.model.trim() ?? "unknown processor"}`;
}
