// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const dist = fileURLToPath(new URL("../../runtime/dist", import.meta.url));

/** Globals that browsers and edge runtimes do not have. */
const nodeGlobals = ["Buffer", "process", "global", "require", "__dirname", "setImmediate"];

/** All modules that `entry` loads, with their imports from other packages. */
function load(entry: string, modules = new Map<string, string[]>()): Map<string, string[]> {
  if (modules.has(entry)) return modules;
  const foreign: string[] = [];
  modules.set(entry, foreign);
  const { importedFiles } = ts.preProcessFile(readFileSync(entry, "utf8"), true, true);
  for (const { fileName } of importedFiles) {
    if (fileName.startsWith(".")) load(resolve(dirname(entry), fileName), modules);
    else foreign.push(fileName);
  }
  return modules;
}

/** Identifiers that stand for themselves, and not for a member of something. */
function freeNames(file: string): Set<string> {
  const source = ts.createSourceFile(
    file,
    readFileSync(file, "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node);
      if (!isMember) names.add(node.text);
    }
    node.forEachChild(visit);
  };
  visit(source);
  return names;
}

const core = "@bufbuild/protobuf|@connectrpc/connect";

describe.each([
  ["index.js", core],
  ["codegenv1/index.js", core],
  ["codegenv1/lite.js", core],
  ["fetch/index.js", core],
  ["testing/index.js", core],
  ["interop/index.js", core],
  ["health/index.js", core],
  ["reflection/index.js", core],
  ["protovalidate/index.js", `${core}|@bufbuild/protovalidate`],
  ["gen/connectstream/v1/options_pb.js", "@bufbuild/protobuf"],
  ["options/index.js", "nothing"],
  ["otel/index.js", `${core}|@opentelemetry/api|@opentelemetry/semantic-conventions`],
])("%s", (entry, packages) => {
  const modules = load(join(dist, entry));

  it("imports nothing from Node", () => {
    const allowed = new RegExp(`^(${packages})(/|$)`);
    const imports = [...modules.values()].flat();
    expect(imports.filter((name) => !allowed.test(name))).toEqual([]);
    expect([...modules.keys()].filter((file) => file.includes("/node/"))).toEqual([]);
  });

  it("loads the code of the schema's options only if it is that", () => {
    const options = [...modules.keys()].filter((file) => file.includes("/gen/connectstream/"));
    expect(options.map((file) => relative(dist, file))).toEqual(
      entry.startsWith("gen/connectstream/") ? [entry] : [],
    );
  });

  it("uses no global of Node", () => {
    const used = [...modules.keys()].flatMap((file) => {
      const names = freeNames(file);
      return nodeGlobals.filter((name) => names.has(name)).map((name) => `${file}: ${name}`);
    });
    expect(used).toEqual([]);
  });
});

it("the check sees what it looks for", () => {
  const modules = load(join(dist, "node/index.js"));
  expect([...modules.values()].flat().some((name) => name.startsWith("node:"))).toBe(true);
  expect([...modules.keys()].some((file) => freeNames(file).has("process"))).toBe(true);
});
