// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CodeGeneratorResponse } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { compileDirectory, type Files, filesOf, repository, run, runEs } from "./harness.js";
import { compilations, typecheck } from "./typecheck.js";

// A case is a folder: `input` has the .proto files, `options` the plugin's parameter in one line,
// `output` the expected files, or `error` the expected error. UPDATE_GOLDEN=1 writes the last two.
const testdata = join(repository, "test/plugin/testdata");
const isUpdate = process.env.UPDATE_GOLDEN === "1";
const cases = (await readdir(testdata)).sort();

interface Result {
  readonly response: CodeGeneratorResponse;
  /** What both plugins generate. */
  readonly files: Files;
}

const results = new Map<string, Promise<Result>>();

function resultOf(name: string): Promise<Result> {
  const result = results.get(name) ?? generate(join(testdata, name));
  results.set(name, result);
  return result;
}

async function generate(directory: string): Promise<Result> {
  const parameter = (await readFile(join(directory, "options"), "utf8")).trim();
  const set = await compileDirectory(join(directory, "input"));
  const response = run(set, parameter);
  if (isUpdate) {
    await update(directory, response);
  }
  const files = response.error === "" ? filesOf(response, runEs(set, parameter)) : new Map();
  return { response, files };
}

describe.each(cases)("%s", (name) => {
  test("gives the expected output", async () => {
    const { response } = await resultOf(name);
    const [error = ""] = (await readFiles(join(testdata, name), "error")).values();
    expect(response.error).toBe(error.trim());
    const actual = response.file.map((file) => [file.name, file.content] as const);
    expect(new Map(actual)).toEqual(await readFiles(join(testdata, name, "output")));
  });
});

/** Imports a package that does not exist. */
const uncompilable = "rewrite-imports";

describe.each(compilations)("TypeScript $typescript, $resolution", (compilation) => {
  test("compiles all output", async () => {
    const files: Files = new Map();
    for (const name of cases.filter((name) => name !== uncompilable)) {
      for (const [file, content] of (await resultOf(name)).files) {
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

async function update(directory: string, { error, file: files }: CodeGeneratorResponse) {
  await rm(join(directory, "output"), { recursive: true, force: true });
  await rm(join(directory, "error"), { force: true });
  if (error !== "") {
    await writeFile(join(directory, "error"), `${error}\n`);
  }
  for (const { name, content } of files) {
    await mkdir(dirname(join(directory, "output", name)), { recursive: true });
    await writeFile(join(directory, "output", name), content);
  }
}

/** The files below a directory that need not exist; only the one called `only`, if given. */
async function readFiles(directory: string, only?: string): Promise<Files> {
  const files: Files = new Map();
  const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of names) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (entry.isFile() && (only ?? name) === name) {
      files.set(name, await readFile(path, "utf8"));
    }
  }
  return files;
}
