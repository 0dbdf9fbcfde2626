// SPDX-License-Identifier: Apache-2.0
// All that the golden tests expect compiles.
import { describe, expect, test } from "vitest";
import { cases, generateCase } from "./golden-cases.js";
import type { Files } from "./harness.js";
import { compilations, typecheck } from "./typecheck.js";

/** Imports a package that does not exist. */
const uncompilable = "rewrite-imports";

const results = new Map(
  cases.filter((name) => name !== uncompilable).map((name) => [name, generateCase(name)] as const),
);

describe.each(compilations)("TypeScript $typescript, $resolution", (compilation) => {
  test("compiles all output", async () => {
    const files: Files = new Map();
    for (const [name, result] of results) {
      for (const [file, content] of (await result).files) {
        if (
          file.endsWith(".ts") &&
          (compilation.resolution === "bundler" || !isBundlersOnly(content))
        ) {
          files.set(`${name}/${file}`, content);
        }
      }
    }
    const isOurs = (name: string) => /_stream(\.d)?\.ts$/.test(name);
    expect([...files.keys()].filter(isOurs).length).toBeGreaterThan(10);
    expect(typecheck(files, compilation, isOurs)).toEqual([]);
  });
});

/** Without a file extension on a relative import, Node does not find the file. */
function isBundlersOnly(content: string): boolean {
  return /from "\.[^"]*(?<!\.[jt]s)"/.test(content);
}
