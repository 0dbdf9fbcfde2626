// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Makes a copy of the repository ready for tests against the oldest, or the
 * newest, version of the runtime's peer dependencies: `tsx .ci/versions-project.ts oldest COPY
 * TESTS`, with the folders of the tests. It writes the copy's package.json and package-lock.json. What
 * the tests name besides the peers stays as the repository has it, so that a new test needs no entry
 * here.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import ts from "typescript";

/** What no file imports: it compiles the runtime, and runs the tests and the programs they start. */
const tools = ["@types/node", "tsx", "typescript", "vitest"];

/** How Connect and its adapters are called. */
const connectPackages = "@connectrpc/connect";

/**
 * Adapters ask for exactly their own version of these two. Those for Express and Fastify may be
 * released later than these: until then, their last version gets the newer ones.
 */
const connectOverrides = Object.fromEntries(
  ["@connectrpc/connect", "@connectrpc/connect-node"].map((name) => [name, `$${name}`]),
);

/**
 * Peers whose newest version may be too new for the SDK that the tests use beside them: OpenTelemetry's
 * SDK names the versions of its API that it takes, and follows after a while.
 */
const keptBySdk = /^@opentelemetry\//;

type Versions = Record<string, string>;
type PackageJson = Record<"devDependencies" | "overrides" | "peerDependencies", Versions>;
const { devDependencies, overrides } = readJson("package.json");
const { peerDependencies } = readJson("runtime/package.json");

function main([which, copy, ...folders]: string[]): void {
  const pick = which === "oldest" ? 0 : which === "newest" ? -1 : undefined;
  if (pick === undefined || copy === undefined || folders.length === 0) {
    throw new Error("usage: tsx .ci/versions-project.ts oldest|newest COPY TESTS");
  }
  const asked = Object.entries(peerDependencies).filter(
    ([name]) => which === "oldest" || !keptBySdk.test(name),
  );
  const peers = mapValues(
    Object.fromEntries(asked),
    (range, name) => published(name, range).at(pick) ?? "",
  );
  const text = textOf(folders);
  // Named in an import, or in a path that is looked up.
  const isUsed = (name: string) => text.includes(`"${name}"`) || text.includes(`"${name}/`);
  const others = Object.entries(devDependencies).filter(
    ([name]) => tools.includes(name) || isUsed(name),
  );
  const connect = peers[connectPackages] ?? "";
  const dependencies = mapValues({ ...Object.fromEntries(others), ...peers }, (version, name) =>
    name.startsWith(connectPackages) ? (published(name, `<=${connect}`).at(-1) ?? "") : version,
  );
  const project = { private: true, type: "module", workspaces: ["runtime"], dependencies };
  writeJson(join(copy, "package.json"), {
    ...project,
    overrides: { ...overrides, ...connectOverrides },
  });
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

/** The text of the files in these folders, and of the files that those import. */
function textOf(folders: readonly string[]): string {
  const texts = new Map<string, string>();
  const waiting = folders.flatMap(filesIn);
  for (const file of waiting) {
    if (texts.has(file)) continue;
    const text = readFileSync(file, "utf8");
    texts.set(file, text);
    for (const { fileName: name } of ts.preProcessFile(text).importedFiles) {
      const path = join(dirname(file), name.replace(/\.js$/, ".ts"));
      if (name.startsWith(".") && existsSync(path)) waiting.push(path);
    }
  }
  return [...texts.values()].join("\n");
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

main(process.argv.slice(2));
