// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The message that opens a stream: the option `initial_metadata`. */
import type { DescField, DescFile, DescMessage, DescMethod } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import {
  type MethodPolicy,
  method as methodOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { acceptedHeaders, whyNoHeader } from "./metadata-headers.js";
import type { OptionPlace } from "./option-place.js";
import { quote, SchemaError } from "./schema-error.js";
import { optionOf } from "./schema-options.js";

/** Finds a message by its full name in a file, or in all that it imports. */
export type FindMessage = (file: DescFile, name: string) => DescMessage | undefined;

/** Finds the messages of `files`. What it has to look through, it looks through once. */
export function messageFinder(files: readonly DescFile[]): FindMessage {
  let byName: ReadonlyMap<string, DescMessage> | undefined;
  const imports = new Map<DescFile, ReadonlySet<DescFile>>();
  return (file, name) => {
    byName ??= new Map(files.flatMap(messagesOf).map((message) => [message.typeName, message]));
    const visible = imports.get(file) ?? withImports(file);
    imports.set(file, visible);
    const message = byName.get(name);
    return message && visible.has(message.file) ? message : undefined;
  };
}

function messagesOf(file: DescFile): DescMessage[] {
  return [...nestedTypes(file)].filter((type) => type.kind === "message");
}

function withImports(file: DescFile): ReadonlySet<DescFile> {
  // A set that grows while it is walked through.
  const files = new Set([file]);
  for (const { dependencies } of files) for (const other of dependencies) files.add(other);
  return files;
}

/** The initial metadata that `policy` declares for its RPC. Throws a `SchemaError` if it is invalid. */
export function initialMetadataOf(
  method: DescMethod,
  { initialMetadata: name }: MethodPolicy,
  findMessage: FindMessage,
): DescMessage | undefined {
  if (name === "") return undefined;
  const where = optionOf(method, methodOption).field("initial_metadata");
  if (method.methodKind === "unary" || method.methodKind === "server_streaming") {
    throw new SchemaError(
      `${where} is not allowed: ${method.name} takes one request, which can hold the metadata; ` +
        "allowed: client-streaming and bidirectional RPCs",
      where,
    );
  }
  const message = findMessage(method.parent.file, name);
  if (!message) {
    throw new SchemaError(
      `${where}: invalid value ${quote(name)}, allowed: the full name of a message of this file, ` +
        `or of one that it imports, such as ${method.input.typeName}`,
      where,
    );
  }
  checkFields(where, message);
  return message;
}

/** All fields have to be headers, each of its own. */
function checkFields(where: OptionPlace, message: DescMessage): void {
  const what = `${where}: invalid value ${quote(message.typeName)}`;
  const taken = new Map<string, DescField>();
  for (const field of message.fields) {
    const reason = whyNoHeader(field);
    if (reason !== undefined)
      throw new SchemaError(`${what}: field ${field.name} ${reason}`, where);
    for (const header of acceptedHeaders(field)) {
      const other = taken.get(header);
      if (other) {
        throw new SchemaError(
          `${what}: fields ${other.name} and ${field.name} are both header ${quote(header)}, rename one`,
          where,
        );
      }
      taken.set(header, field);
    }
  }
}
