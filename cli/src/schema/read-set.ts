// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Reads a module, a `.proto` file, an image or a descriptor set. */
import { readFile } from "node:fs/promises";
import { extname, resolve } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { CliError, exit } from "../exit.js";
import type { Io } from "../io.js";
import { runBuf } from "./buf.js";

/** Files of a schema. */
export interface ReadSet {
  readonly set: FileDescriptorSet;
  /** Whether buf has read them, and knows where they are. */
  readonly isFromBuf: boolean;
}

/** What is a descriptor set, or a binary image, which is one. buf reads all else. */
const descriptorSets = [".binpb", ".bin", ".pb", ".desc", ".protoset", ".fds"];

/** Reads the schema at `source`. Rejects with a `CliError` if there is none, or if it is invalid. */
export async function readSet(source: string, io: Pick<Io, "cwd" | "env">): Promise<ReadSet> {
  const isFromBuf = !descriptorSets.includes(extname(source));
  const bytes = isFromBuf
    ? await runBuf(["build", source, "-o", "-#format=binpb"], io)
    : await read(resolve(io.cwd, source));
  return { set: parse(source, bytes), isFromBuf };
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
