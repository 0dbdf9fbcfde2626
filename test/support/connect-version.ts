// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const name = "@connectrpc/connect-node";

/** The version of Connect-Node that the tests run with, which is also Connect's. */
export const connectVersion: string = findVersion();

/** Whether the tests run with this version of Connect, "2.3" for instance, or a later one. */
export function isConnect(oldest: string): boolean {
  return connectVersion.localeCompare(oldest, undefined, { numeric: true }) >= 0;
}

/** The package does not export its package.json, so it is looked for beside what it exports. */
function findVersion(): string {
  const [folder] = createRequire(import.meta.url)
    .resolve(name)
    .split("/dist/");
  const { version } = JSON.parse(readFileSync(join(folder ?? "", "package.json"), "utf8"));
  return version;
}
