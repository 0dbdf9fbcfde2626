// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Makes a copy of the repository ready for tests against the oldest, or the
 * newest, version of each peer dependency of the runtime: `tsx .ci/versions-project.ts oldest COPY
 * TESTS`, with the folders of the tests. It writes the copy's package.json and package-lock.json. What
 * the tests import besides the peers stays as the repository has it, so that a new test needs no entry
 * here.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** What no file imports: it compiles the runtime, and runs the tests and the programs they start. */
const tools = ["@types/node", "tsx", "typescript", "vitest"];

/** Connect and its adapters. They go together: each has exactly its own version of Connect as a peer. */
const connectPackages = "@connectrpc/connect";

type Versions = Record<string, string>;
type PackageJson = Record<"devDependencies" | "overrides" | "peerDependencies", Versions>;
const { devDependencies, overrides } = readJson("package.json");
const { peerDependencies } = readJson("runtime/package.json");

function main([which, copy, ...folders]: string[]): void {
  const pick = which === "oldest" ? 0 : which === "newest" ? -1 : undefined;
  if (pick === undefined || copy === undefined || folders.length === 0) {
    throw new Error("usage: tsx .ci/versions-project.ts oldest|newest COPY TESTS");
  }
  const peers = mapValues(peerDependencies, (range, name) => published(name, range).at(pick) ?? "");
  const used = new Set([...tools, ...packagesOf(folders)]);
  const others = Object.entries(devDependencies).filter(([name]) => used.has(name));
  const connect = peers[connectPackages] ?? "";
  const dependencies = mapValues({ ...Object.fromEntries(others), ...peers }, (version, name) =>
    name.startsWith(connectPackages) ? connect : version,
  );
  const project = { private: true, type: "module", workspaces: ["runtime"] };
  writeJson(join(copy, "package.json"), { ...project, dependencies, overrides });
  writeJson(join(copy, "package-lock.json"), lockWithout([connectPackages, ...Object.keys(peers)]));
}

/** The repository's lock file, but for packages whose names begin so: npm would keep to them. */
function lockWithout(names: readonly string[]): object {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const kept = Object.entries(lock.packages).filter(
    ([path]) => !names.some((name) => path.includes(`node_modules/${name}`)),
  );
  return { ...lock, packages: Object.fromEntries(kept) };
}

function readJson(path: string): PackageJson {
  return JSON.parse(readFileSync(path, "utf8"));
}

function writeJson(path: string, content: object): void {
  writeFileSync(path, JSON.stringify(content, undefined, 2));
}

function mapValues(record: Versions, map: (value: string, name: string) => string): Versions {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(value, name)]),
  );
}

/** The versions in a range, the oldest first. The registry has them in any order. */
function published(name: string, range: string): string[] {
  const json = execFileSync("npm", ["view", `${name}@${range}`, "version", "--json"]);
  const versions: string[] = [JSON.parse(json.toString())].flat();
  return versions.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
}

/** The packages that the files in these folders import, or the files that those import. */
function packagesOf(folders: readonly string[]): Set<string> {
  const files = new Set(folders.flatMap(filesIn));
  const packages = new Set<string>();
  for (const file of files) {
    for (const { fileName: name } of ts.preProcessFile(readFileSync(file, "utf8")).importedFiles) {
      const path = join(dirname(file), name.replace(/\.js$/, ".ts"));
      if (!name.startsWith(".")) packages.add(/^(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name);
      else if (existsSync(path)) files.add(path);
    }
  }
  return packages;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

main(process.argv.slice(2));
