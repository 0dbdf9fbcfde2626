// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation `--resume`: which field of the last message goes where in the next request. */
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { resumable, type StreamCallOptions } from "connect-stream";
import { CliError, UsageError } from "../exit.js";
import { hint } from "../options.js";
import type { Schema } from "../schema/schema.js";
import { statusLine } from "../status.js";
import type { CallSetup } from "./open.js";

/** A field of a request, and that of a message which it continues: the names of both in JSON. */
interface Link {
  readonly request: string;
  readonly message: string;
}

/** Makes the server stream one that goes on after its last message. `links`: `REQUEST[=MESSAGE]`. */
export function resumeWith(
  method: DescMethod,
  links: readonly string[],
  schema: Schema,
  note: (line: string) => void,
): NonNullable<CallSetup["resume"]> {
  if (method.methodKind !== "server_streaming") {
    throw new UsageError(`--resume is for server-streaming RPCs; ${method.name} is not one`);
  }
  const fields = links.map((link) => parseLink(method, link));
  return (start) => (request, options) =>
    resumable((from: Message, call?: StreamCallOptions) => start(from, call ?? {}), {
      request,
      next: (last, before) => follow(method, fields, schema, { last, before }),
      call: options,
      onInterrupt: ({ error, delayMs }) =>
        note(`lost: ${statusLine(error)}; resumes in ${Math.ceil(delayMs)} ms`),
      onResume: ({ retries }) => note(`resumed, retry ${retries}`),
    });
}

function parseLink({ input, output }: DescMethod, link: string): Link {
  const [request = "", message = request] = link.split("=", 2);
  const [to, from] = [fieldOf(input, request), fieldOf(output, message)];
  if (jsonTypeOf(to) !== jsonTypeOf(from) && !(isString(to) && isTextInJson(from))) {
    throw new UsageError(`--resume: ${to} takes no value of ${from}: they have different types`);
  }
  return { request: to.jsonName, message: from.jsonName };
}

/** Fields of the same type have the same values in JSON. */
function jsonTypeOf({ fieldKind, scalar, message, enum: values }: DescField): string {
  if (fieldKind === "list" || fieldKind === "map") return fieldKind;
  if (message) return message.typeName;
  if (values) return values.typeName;
  if (scalar === ScalarType.STRING || scalar === ScalarType.BYTES || scalar === ScalarType.BOOL) {
    return ScalarType[scalar];
  }
  return scalar === ScalarType.FLOAT || scalar === ScalarType.DOUBLE ? "float" : "integer";
}

function isString({ fieldKind, scalar }: DescField): boolean {
  return fieldKind === "scalar" && scalar === ScalarType.STRING;
}

const texts: readonly (ScalarType | undefined)[] = [
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
  ScalarType.BYTES,
];

function isTextInJson({ fieldKind, scalar }: DescField): boolean {
  return fieldKind === "scalar" && texts.includes(scalar);
}

function fieldOf(desc: DescMessage, name: string): DescField {
  const field = desc.fields.find((one) => one.name === name || one.jsonName === name);
  if (field) return field;
  const names = desc.fields.map((one) => one.name);
  const known = hint(name, names) || `; it has ${names.join(", ") || "none"}`;
  throw new UsageError(`--resume: ${desc.typeName} has no field ${name}${known}`);
}

function follow(
  method: DescMethod,
  links: readonly Link[],
  { registry }: Schema,
  { last, before }: { readonly last: Message; readonly before: Message },
): Message {
  const from = objectOf(toJson(method.output, last, { alwaysEmitImplicit: true, registry }));
  const next = objectOf(toJson(method.input, before, { registry }));
  for (const link of links) {
    const value = from[link.message];
    if (value !== undefined) next[link.request] = value;
  }
  return fromJson(method.input, next, { registry });
}

function objectOf(json: JsonValue): JsonObject {
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json;
  throw new CliError("--resume needs messages that are objects in JSON");
}
