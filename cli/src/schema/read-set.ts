// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Reads a module, a `.proto` file, an image or a descriptor set. */
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { CliError, exit, reasonOf } from "../exit.js";
import type { Io } from "../io.js";
import { orList } from "../options.js";
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
  const bytes = isFromBuf ? await build(source, io) : await read(source, io.cwd);
  return { set: parse(source, bytes), isFromBuf };
}

async function build(source: string, io: Pick<Io, "cwd" | "env">): Promise<Uint8Array> {
  try {
    return await runBuf(["build", source, "-o", "-#format=binpb"], io);
  } catch (error) {
    const advice = error instanceof CliError ? adviceOn(source, io.cwd) : undefined;
    if (advice === undefined) throw error;
    throw new CliError(`${reasonOf(error)}\n${advice}`, exit.usage, { cause: error });
  }
}

/** What buf does not say of a source that it cannot read. */
function adviceOn(source: string, cwd: string): string | undefined {
  const path = resolve(cwd, source);
  if (!existsSync(path)) return `there is no ${source} here`;
  const isFile = statSync(path).isFile();
  if (isFile && extname(source) !== ".proto") {
    return `a schema is a folder, a .proto file, or a descriptor set in ${orList(descriptorSets)}`;
  }
  if (isFile || existsSync(join(path, "buf.yaml")) || source !== ".") return undefined;
  return "there is no buf.yaml here, so buf reads every .proto file below; give the folder of yours";
}

async function read(source: string, cwd: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(cwd, source));
  } catch (cause) {
    throw new CliError(`cannot read ${source}: ${reasonOf(cause)}`, exit.usage, { cause });
  }
}

function parse(source: string, bytes: Uint8Array): FileDescriptorSet {
  try {
    return fromBinary(FileDescriptorSetSchema, bytes);
  } catch (cause) {
    throw new CliError(`${source} is not a descriptor set`, exit.usage, { cause });
  }
}
