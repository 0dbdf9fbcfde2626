// SPDX-License-Identifier: Apache-2.0
import { clone, create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import * as wkt from "@bufbuild/protobuf/wkt";
import { CliError } from "../exit.js";
import { type CompletedFiles, completeFiles, type Files } from "./complete-files.js";

/** Google's own files, by the names that others import them with: nobody has to send them. */
export const wellKnownFiles: Files = new Map(
  Object.values(wkt).flatMap((exported) =>
    typeof exported === "object" && "kind" in exported && exported.kind === "file"
      ? [[exported.proto.name, exported.proto]]
      : [],
  ),
);

/** `files` as protoc would have written them. */
export function complete(files: Files): CompletedFiles {
  return completeFiles(files, wellKnownFiles);
}

/**
 * The descriptors of `files`, in any order. An import that nobody has is left out: often it is of
 * options alone. If it is not, the error names the type.
 */
export function registryOf(files: Files): FileRegistry {
  const completed = complete(files).files;
  const sorted = new Map<string, wkt.FileDescriptorProto>();
  const visited = new Set<string>();
  const add = (name: string) => {
    const file = completed.get(name) ?? wellKnownFiles.get(name);
    if (!file || visited.has(name)) return;
    visited.add(name);
    for (const imported of file.dependency) add(imported);
    const dependency = file.dependency.filter((imported) => sorted.has(imported));
    sorted.set(name, withImports(file, dependency));
  };
  for (const name of files.keys()) add(name);
  try {
    return createFileRegistry(create(wkt.FileDescriptorSetSchema, { file: [...sorted.values()] }));
  } catch (error) {
    throw new CliError(`cannot use the schema: ${error instanceof Error ? error.message : error}`);
  }
}

function withImports(file: wkt.FileDescriptorProto, dependency: string[]) {
  // A copy: a spread one would lose the defaults, which stand on the prototype.
  const copy = clone(wkt.FileDescriptorProtoSchema, file);
  return Object.assign(copy, { dependency, publicDependency: [], weakDependency: [] });
}
