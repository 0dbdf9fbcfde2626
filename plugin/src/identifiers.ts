// SPDX-License-Identifier: Apache-2.0
import type {
  CodeGeneratorRequest,
  DescriptorProto,
  FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { quote, SchemaError } from "./schema-error.js";

/** A name, and what it is the name of. */
type Named = readonly [kind: string, name: string];

/** https://protobuf.dev/reference/protobuf/proto3-spec/#identifiers, and a leading underscore. */
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Throws if a name that would be printed is no identifier. Compilers let no such names through, but
 * a request can be made by hand. Imported files are checked too: their messages are imported.
 */
export function checkIdentifiers(request: CodeGeneratorRequest): void {
  for (const file of request.protoFile) {
    for (const [kind, name] of namesOf(file)) {
      if (!identifier.test(name)) {
        throw new SchemaError(
          `${file.name}: ${kind} name ${quote(name)} is not an identifier, rename it: ` +
            "a letter or underscore first, then letters, digits and underscores",
        );
      }
    }
  }
}

function* namesOf(file: FileDescriptorProto): Generator<Named> {
  if (file.package !== "") {
    for (const segment of file.package.split(".")) yield ["package", segment];
  }
  for (const message of file.messageType) yield* messageNames(message);
  for (const { name, method } of file.service) {
    yield ["service", name];
    for (const { name } of method) yield ["rpc", name];
  }
}

function* messageNames({ name, nestedType }: DescriptorProto): Generator<Named> {
  yield ["message", name];
  for (const nested of nestedType) yield* messageNames(nested);
}
