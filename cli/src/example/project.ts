// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a project's own files say of where code goes. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that `buf.gen.yaml` has for the plugin's output; `gen` if it says nothing of it. */
export function generatedFolder(project: string): string {
  const path = join(project, "buf.gen.yaml");
  if (!existsSync(path)) return "gen";
  const plugins = readFileSync(path, "utf8").split(/^\s*- (?=\w+:)/m);
  const ours = plugins.find((plugin) => plugin.includes("protoc-gen-connect-stream"));
  return /^\s*out:\s*["']?([^\s"'#]+)/m.exec(ours ?? "")?.[1] ?? "gen";
}

/** The test runner of a project: vitest if it depends on it, or that of Node.js. */
export function testRunner(project: string): "node" | "vitest" {
  for (let folder = project; ; folder = dirname(folder)) {
    const path = join(folder, "package.json");
    if (existsSync(path))
      return /"vitest"\s*:/.test(readFileSync(path, "utf8")) ? "vitest" : "node";
    if (dirname(folder) === folder) return "node";
  }
}
