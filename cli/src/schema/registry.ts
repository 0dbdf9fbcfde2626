// SPDX-License-Identifier: Apache-2.0
import { clone, create, createFileRegistry, type FileRegistry } from "@bufbuild/protobuf";
import {
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_any,
  file_google_protobuf_api,
  file_google_protobuf_descriptor,
  file_google_protobuf_duration,
  file_google_protobuf_empty,
  file_google_protobuf_field_mask,
  file_google_protobuf_source_context,
  file_google_protobuf_struct,
  file_google_protobuf_timestamp,
  file_google_protobuf_type,
  file_google_protobuf_wrappers,
} from "@bufbuild/protobuf/wkt";
import { CliError } from "../exit.js";

/** Google's own files, by the names that others import them with: nobody has to send them. */
export const wellKnownFiles: ReadonlyMap<string, FileDescriptorProto> = new Map(
  [
    file_google_protobuf_any,
    file_google_protobuf_api,
    file_google_protobuf_descriptor,
    file_google_protobuf_duration,
    file_google_protobuf_empty,
    file_google_protobuf_field_mask,
    file_google_protobuf_source_context,
    file_google_protobuf_struct,
    file_google_protobuf_timestamp,
    file_google_protobuf_type,
    file_google_protobuf_wrappers,
  ].map(({ proto }) => [proto.name, proto]),
);

/**
 * The descriptors of `files`, in any order. An import that nobody has is left out: often it is of
 * options alone. If it is not, the error names the type.
 */
export function registryOf(files: ReadonlyMap<string, FileDescriptorProto>): FileRegistry {
  const sorted = new Map<string, FileDescriptorProto>();
  const add = (name: string) => {
    const file = files.get(name) ?? wellKnownFiles.get(name);
    if (!file || sorted.has(name)) return;
    for (const imported of file.dependency) add(imported);
    const dependency = file.dependency.filter((imported) => sorted.has(imported));
    // A copy: a spread one would lose the defaults, which stand on the prototype.
    const copy = clone(FileDescriptorProtoSchema, file);
    sorted.set(name, Object.assign(copy, { dependency, publicDependency: [], weakDependency: [] }));
  };
  for (const name of files.keys()) add(name);
  try {
    return createFileRegistry(create(FileDescriptorSetSchema, { file: [...sorted.values()] }));
  } catch (error) {
    throw new CliError(`cannot use the schema: ${error instanceof Error ? error.message : error}`);
  }
}
