// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A schema in files: an image, a descriptor set, or what buf builds. */
import type { DescService, FileRegistry } from "@bufbuild/protobuf";
import type { Io } from "../io.js";
import { readSet } from "./read-set.js";
import { registryOf } from "./registry.js";
import type { Schema } from "./schema.js";

/** The schema at `path`. Imports that it lacks may be missing, where nothing needs them. */
export async function loadSchema(path: string, io: Pick<Io, "cwd" | "env">): Promise<Schema> {
  const { set } = await readSet(path, io);
  return new FileSchema(registryOf(new Map(set.file.map((file) => [file.name, file]))));
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
