// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CodeGeneratorResponse } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { cases, generateCase, testdata } from "./golden-cases.js";
import type { Files } from "./harness.js";

/** Writes what the tests expect. */
const isUpdate = process.env.UPDATE_GOLDEN === "1";

describe.each(cases)("%s", (name) => {
  test("gives the expected output", async () => {
    const { response } = await generateCase(name);
    if (isUpdate) {
      await update(join(testdata, name), response);
    }
    const [error = ""] = (await readFiles(join(testdata, name), "error")).values();
    expect(response.error).toBe(error.trim());
    const actual = response.file.map((file) => [file.name, file.content] as const);
    expect(new Map(actual)).toEqual(await readFiles(join(testdata, name, "output")));
  });
});

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
