// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A schema in files: an image, a descriptor set, or what buf builds. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import {
  createRegistry,
  type DescService,
  type FileRegistry,
  fromBinary,
  fromJsonString,
} from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { file_connectstream_v1_options } from "connect-stream/gen/connectstream/v1/options_pb.js";
import { reasonOf } from "../connection.js";
import { CliError } from "../exit.js";
import type { Io } from "../io.js";
import { buildImage } from "./buf.js";
import { registryOf } from "./registry.js";
import type { Schema } from "./schema.js";

/** The schema at `path`: a folder or a `.proto` file for buf, or an image (`.json`, others binary). */
export async function loadSchema(path: string, io: Pick<Io, "cwd" | "env">): Promise<Schema> {
  const set = await readSet(path, io);
  return new FileSchema(registryOf(new Map(set.file.map((file) => [file.name, file]))));
}

async function readSet(path: string, io: Pick<Io, "cwd" | "env">): Promise<FileDescriptorSet> {
  const file = resolve(io.cwd, path);
  const bytes = await readUnlessForBuf(file).catch((error: unknown) => {
    throw new CliError(`cannot read ${path}: ${reasonOf(error)}`);
  });
  const image = bytes ?? (await buildImage(file, io));
  try {
    return path.endsWith(".json")
      ? fromJsonString(FileDescriptorSetSchema, new TextDecoder().decode(image), jsonOptions)
      : fromBinary(FileDescriptorSetSchema, image);
  } catch (error) {
    throw new CliError(`${path} is no descriptor set: ${reasonOf(error)}`);
  }
}

/** An image has more fields than a descriptor set, and options of anybody. */
const jsonOptions = {
  ignoreUnknownFields: true,
  registry: createRegistry(file_connectstream_v1_options),
};

async function readUnlessForBuf(file: string): Promise<Uint8Array | undefined> {
  const isFolder = (await stat(file)).isDirectory();
  return isFolder || file.endsWith(".proto") ? undefined : readFile(file);
}

class FileSchema implements Schema {
  readonly registry: FileRegistry;

  constructor(registry: FileRegistry) {
    this.registry = registry;
  }

  async serviceNames(): Promise<readonly string[]> {
    return [...this.registry.files]
      .flatMap(({ services }) => services.map(({ typeName }) => typeName))
      .sort();
  }

  async findService(name: string): Promise<DescService | undefined> {
    return this.registry.getService(name);
  }

  async resolve(): Promise<void> {}

  close(): void {}
}
