// SPDX-License-Identifier: Apache-2.0
// Runs `buf generate` on this repository's schemas, with the generator run from its source.
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const pathOf = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const root = pathOf("..");

/** A file that `buf generate` wrote, and how many lines it has. */
export interface GeneratedFile {
  path: string;
  lines: number;
}

/** Does what buf.gen.yaml says, in `folder`. Resolves to what is in its `gen/` then. */
export async function generate(folder = root): Promise<GeneratedFile[]> {
  const path = [pathOf("bin"), pathOf("../node_modules/.bin"), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, TSX_TSCONFIG_PATH: pathOf("tsconfig.json") };
  await promisify(execFile)("buf", ["generate", "--output", folder], { cwd: root, env });
  const names = await readdir(join(folder, "gen"), { recursive: true });
  const files = names.filter((name) => name.endsWith(".ts")).sort();
  return Promise.all(files.map((name) => describe(folder, name)));
}

async function describe(folder: string, name: string): Promise<GeneratedFile> {
  const text = await readFile(join(folder, "gen", name), "utf8");
  return { path: `gen/${name}`, lines: text.trimEnd().split("\n").length };
}

/** The declaration of a generated interface's method, as the file has it. */
export async function declarationOf(path: string, method: string): Promise<string> {
  const text = await readFile(root + path, "utf8");
  const found = new RegExp(`^ +(${method}\\(.*\\): Promise<void>);$`, "m").exec(text);
  if (!found?.[1]) throw new Error(`${path} declares no ${method}`);
  return found[1];
}
