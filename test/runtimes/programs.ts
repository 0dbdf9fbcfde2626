// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Runtime } from "./cells.js";
import { runToEnd } from "./processes.js";

/** The program of each runtime, and what it is told before the file to run. */
export type Programs = Readonly<Record<Runtime, readonly string[]>>;

/** The programs that npm has installed in `folder`. */
export function programsIn(folder: string): Programs {
  const modules = join(folder, "node_modules");
  const find = (...places: Place[]) => binary(modules, places);
  const bun = find(["bun", "bin/bun.exe"], ["@oven/*", "bin/bun"]);
  const deno = find(["deno", "deno"], ["@deno/*", "deno"]);
  const workerd = find(["workerd", "bin/workerd"], ["@cloudflare/*", "bin/workerd"]);
  return {
    "Node.js": [process.execPath],
    Bun: [bun, "run"],
    Deno: [deno, "run", "--allow-all", "--no-config", "--no-lock"],
    workerd: [workerd, "serve", "--control-fd=3"],
  };
}

/** A package, or a scope with one package for this platform, and a file in it. */
type Place = readonly [folder: string, file: string];

/** Smaller ones are scripts that start the program, and that cannot be ended in its place. */
const MIN_BINARY_BYTES = 1_000_000;

/** Where a package's install script has put the binary, or where it was if that has not run. */
function binary(modules: string, places: readonly Place[]): string {
  const files = places.flatMap(([folder, file]) => {
    const scope = folder.endsWith("/*") ? folder.slice(0, -2) : undefined;
    if (scope === undefined) return [join(modules, folder, file)];
    const packages = existsSync(join(modules, scope)) ? readdirSync(join(modules, scope)) : [];
    return packages.map((name) => join(modules, scope, name, file));
  });
  const found = files.find((file) => existsSync(file) && statSync(file).size > MIN_BINARY_BYTES);
  if (found === undefined) throw new Error(`none of these is a program: ${files.join(", ")}`);
  return found;
}

/** Major and minor version, or a date: what the page is about. */
export async function versionOf(runtime: Runtime, programs: Programs): Promise<string> {
  const [program = ""] = programs[runtime];
  const text = await runToEnd({ command: [program, "--version"] }, 10_000);
  return /\d+-\d+-\d+|\d+\.\d+/.exec(text)?.[0] ?? "";
}
