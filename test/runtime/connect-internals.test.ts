// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, it } from "vitest";

const runtime = fileURLToPath(new URL("../../runtime", import.meta.url));
const internals = join("protocol", "connect-internals.ts");

/** What a source file of the runtime imports below the root of one of Connect's packages. */
function privateImports(file: string): string[] {
  const text = readFileSync(join(runtime, "src", file), "utf8");
  return ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter((name) => /^@connectrpc\/[^/]+\//.test(name));
}

it("only connect-internals.ts imports what Connect marks private", () => {
  const files = readdirSync(join(runtime, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .filter((name) => privateImports(name).length > 0);
  expect(files).toEqual([internals]);
});

it("the range that connect-internals.ts was checked against is that of the peers", () => {
  const text = readFileSync(join(runtime, "src", internals), "utf8");
  const [, oldest, major, minor] =
    /Checked against Connect (\S+) to (\d+)\.(\d+)\.x/.exec(text) ?? [];
  const range = `>=${oldest} <${major}.${Number(minor) + 1}`;
  const { peerDependencies } = JSON.parse(readFileSync(join(runtime, "package.json"), "utf8"));
  expect(peerDependencies).toMatchObject({
    "@connectrpc/connect": range,
    "@connectrpc/connect-node": range,
  });
});
