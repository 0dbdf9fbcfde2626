// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A schema as those write it: files that are complete, and where they are. */
import { createFileRegistry, type DescFile } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { FileDescriptorProto, FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { CliError, exit } from "../exit.js";
import type { Io } from "../io.js";
import { runBuf } from "./buf.js";
import { readSet } from "./read-set.js";

/** A schema with its files. */
export interface FullSchema {
  /** All files. */
  readonly allFiles: readonly DescFile[];
  /** Those that are not only imported. */
  readonly files: readonly DescFile[];
  /** Whether buf has read it, and knows where its files are. */
  readonly isFromBuf: boolean;
}

/** Reads a schema. Rejects with a `CliError` if there is none, or if it is invalid. */
export async function loadFullSchema(source: string, io: Io): Promise<FullSchema> {
  const { set, isFromBuf } = await readSet(source, io);
  const allFiles = [...registryOf(source, set).files];
  return { allFiles, files: allFiles.filter(({ proto }) => !isImport(proto)), isFromBuf };
}

/** Where the files of a schema that buf has read are: their paths by the names of their imports. */
export async function locateFiles(source: string, io: Io): Promise<ReadonlyMap<string, string>> {
  const output = await runBuf(["ls-files", source, "--format", "json"], io);
  const lines = output.toString().split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const { path, import_path }: { path: string; import_path: string } = JSON.parse(line);
      return [import_path, path];
    }),
  );
}

function registryOf(source: string, set: FileDescriptorSet) {
  try {
    return createFileRegistry(set);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = "run protoc with --include_imports";
    throw new CliError(`${source} is not a complete schema: ${reason}; ${advice}`, exit.usage, {
      cause,
    });
  }
}

/** https://github.com/bufbuild/buf/blob/main/proto/buf/alpha/image/v1/image.proto */
const BUF_EXTENSION = 8042;
const IS_IMPORT = 1;

/** What buf marks in an image as imported. */
function isImport({ $unknown = [] }: FileDescriptorProto): boolean {
  const field = $unknown.find(({ no }) => no === BUF_EXTENSION);
  if (!field) return false;
  const reader = new BinaryReader(new BinaryReader(field.data).bytes());
  while (reader.pos < reader.len) {
    const [no, type] = reader.tag();
    if (no === IS_IMPORT) return reader.bool();
    reader.skip(type, no);
  }
  return false;
}
