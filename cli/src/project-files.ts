// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Files for a project: written where there are none, never over another. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CliError, reasonOf } from "./exit.js";
import type { Io } from "./io.js";

/** A file to write, with a path below the project. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** Whether a project has a file, or anything of that name. */
export function has(project: string, path: string): boolean {
  return existsSync(join(project, path));
}

/** Writes the files that are not there, and says what became of each. Resolves to the number of those written. */
export async function writeFiles(
  project: string,
  files: readonly ProjectFile[],
  io: Io,
): Promise<number> {
  let count = 0;
  const lines: string[] = [];
  for (const { path, text } of files) {
    const written = await writeNew(resolve(project, path), text);
    if (written) count++;
    lines.push(written ? `wrote  ${path}\n` : `kept   ${path} (exists)\n`);
  }
  // All at the end: a reader that leaves early ends the program, and half a project is none.
  await io.write(lines.join(""));
  return count;
}

async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (cause) {
    if (isErrno(cause) && cause.code === "EEXIST" && existsSync(path)) return false;
    throw new CliError(`cannot write ${path}: ${reasonOf(cause)}`, undefined, { cause });
  }
}

/** Whether an error is of the operating system, with its code. */
export function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}
