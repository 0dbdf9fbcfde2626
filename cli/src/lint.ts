// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The mistakes of a schema, as `buf lint` prints them. */
import { lintSchema, type SchemaFault } from "protoc-gen-connect-stream/schema";
import type { Io } from "./io.js";
import { loadFullSchema, locateFiles } from "./schema/full-schema.js";

/** Reads a schema, and finds the generator's mistakes in it, with paths that an editor can open. */
export async function findFaults(source: string, io: Io): Promise<SchemaFault[]> {
  const { files, allFiles, isFromBuf } = await loadFullSchema(source, io);
  const faults = lintSchema(files, allFiles);
  if (faults.length === 0 || !isFromBuf) return faults;
  const paths = await locateFiles(source, io);
  return faults.map((fault) => ({ ...fault, file: paths.get(fault.file) ?? fault.file }));
}

/** A line for a mistake. JSON has the keys of `buf lint --error-format json`. */
export function printed(fault: SchemaFault, format = "text"): string {
  const { file, line, column, message } = fault;
  if (format === "text") return `${file}:${line}:${column}: ${message}\n`;
  return `${JSON.stringify({ path: file, start_line: line, start_column: column, message })}\n`;
}
