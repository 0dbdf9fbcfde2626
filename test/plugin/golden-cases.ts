// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CodeGeneratorResponse } from "@bufbuild/protobuf/wkt";
import { compileDirectory, type Files, filesOf, repository, run, runEs } from "./harness.js";

/**
 * A case is a folder: `input` has the .proto files, `options` the plugin's parameter in one line,
 * `output` the expected files, or `error` the expected error.
 */
export const testdata: string = join(repository, "test/plugin/testdata");
export const cases: readonly string[] = (await readdir(testdata)).sort();

export interface Generated {
  readonly response: CodeGeneratorResponse;
  /** What both plugins generate; nothing if ours fails. */
  readonly files: Files;
}

/** Runs both plugins on the input of a case. */
export async function generateCase(name: string): Promise<Generated> {
  const parameter = (await readFile(join(testdata, name, "options"), "utf8")).trim();
  const set = await compileDirectory(join(testdata, name, "input"));
  const response = run(set, parameter);
  const files = response.error === "" ? filesOf(response, runEs(set, parameter)) : new Map();
  return { response, files };
}
