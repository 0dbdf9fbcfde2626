// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Files for a project: written where there are none, never over another. */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError } from "./exit.js";
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

/** Writes the files that are not there, and says what became of each. */
export async function writeFiles(
  project: string,
  files: readonly ProjectFile[],
  io: Io,
): Promise<void> {
  const lines: string[] = [];
  for (const { path, text } of files) {
    const written = await writeNew(join(project, path), text);
    lines.push(written ? `wrote  ${path}\n` : `kept   ${path}, which exists\n`);
  }
  // All at the end: a reader that leaves early ends the program, and half a project is none.
  await io.write(lines.join(""));
}

async function writeNew(path: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: "wx" });
    return true;
  } catch (cause) {
    if (isErrno(cause) && cause.code === "EEXIST" && existsSync(path)) return false;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`cannot write: ${reason}`, undefined, { cause });
  }
}

function isErrno(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}
