// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A schema from a module, a `.proto` file, an image or a descriptor set. */
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { createFileRegistry, type DescFile, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import {
  type FileDescriptorProto,
  type FileDescriptorSet,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { CliError, exit } from "../exit.js";
import type { Io } from "../io.js";
import { runBuf } from "./buf.js";

/** A schema that was read. */
export interface Schema {
  /** All files. */
  readonly allFiles: readonly DescFile[];
  /** Those that are not only imported. */
  readonly files: readonly DescFile[];
  /** Whether buf has read it, and knows where its files are. */
  readonly isFromBuf: boolean;
}

/** What is a descriptor set, or a binary image, which is one. buf reads all else. */
const descriptorSets = [".binpb", ".bin", ".pb", ".desc", ".protoset", ".fds"];

/** Reads a schema. Rejects with a `CliError` if there is none, or if it is invalid. */
export async function loadSchema(source: string, io: Io): Promise<Schema> {
  const isFromBuf = !descriptorSets.includes(extname(source));
  const set = parse(
    source,
    isFromBuf
      ? await runBuf(["build", source, "-o", "-#format=binpb"], io)
      : await read(resolve(io.cwd, source)),
  );
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

async function read(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`cannot read the schema: ${reason}`, exit.usage, { cause });
  }
}

function parse(source: string, bytes: Uint8Array): FileDescriptorSet {
  try {
    return fromBinary(FileDescriptorSetSchema, bytes);
  } catch (cause) {
    throw new CliError(`${source} is not a descriptor set`, exit.usage, { cause });
  }
}

function registryOf(source: string, set: FileDescriptorSet) {
  try {
    return createFileRegistry(set);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = "protoc writes imports with --include_imports";
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
