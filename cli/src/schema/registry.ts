// SPDX-License-Identifier: Apache-2.0
import { clone, create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { CliError } from "../exit.js";

/** Google's own files, by the names that others import them with: nobody has to send them. */
export const wellKnownFiles: ReadonlyMap<string, wkt.FileDescriptorProto> = new Map(
  Object.values(wkt).flatMap((exported) =>
    typeof exported === "object" && "kind" in exported && exported.kind === "file"
      ? [[exported.proto.name, exported.proto]]
      : [],
  ),
);

/**
 * The descriptors of `files`, in any order. An import that nobody has is left out: often it is of
 * options alone. If it is not, the error names the type.
 */
export function registryOf(files: ReadonlyMap<string, wkt.FileDescriptorProto>): FileRegistry {
  const sorted = new Map<string, wkt.FileDescriptorProto>();
  const add = (name: string) => {
    const file = files.get(name) ?? wellKnownFiles.get(name);
    if (!file || sorted.has(name)) return;
    for (const imported of file.dependency) add(imported);
    const dependency = file.dependency.filter((imported) => sorted.has(imported));
    // A copy: a spread one would lose the defaults, which stand on the prototype.
    const copy = clone(wkt.FileDescriptorProtoSchema, file);
    sorted.set(name, Object.assign(copy, { dependency, publicDependency: [], weakDependency: [] }));
  };
  for (const name of files.keys()) add(name);
  try {
    return createFileRegistry(create(wkt.FileDescriptorSetSchema, { file: [...sorted.values()] }));
  } catch (error) {
    throw new CliError(`cannot use the schema: ${error instanceof Error ? error.message : error}`);
  }
}
