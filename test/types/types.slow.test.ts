// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Files, repository } from "../plugin/harness.js";
import { compilations, typecheck } from "../plugin/typecheck.js";

// The files beside this one are compiled, and not run: each `@ts-expect-error` in them is a test.
async function readSources(directory: string, pattern: RegExp): Promise<Files> {
  const names = await readdir(join(repository, directory), { recursive: true });
  const entries = names
    .filter((name) => pattern.test(name))
    .map(async (name) => {
      const file = join(directory, name);
      return [`../../../${file}`, await readFile(join(repository, file), "utf8")] as const;
    });
  return new Map(await Promise.all(entries));
}

describe.each(compilations)("TypeScript $typescript, $resolution", (compilation) => {
  test("generated types accept what is right, and refuse what is wrong", async () => {
    const tests = await readSources("test/types", /(?<!\.test)\.ts$/);
    const generated = await readSources("gen", /\.ts$/);
    expect(tests.size).toBeGreaterThan(1);
    expect(typecheck(new Map([...tests, ...generated]), compilation)).toEqual([]);
  });
});
