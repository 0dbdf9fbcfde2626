// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation `--resume`: which field of the last message goes where in the next request. */
import {
  type DescMessage,
  type DescMethod,
  fromJson,
  type JsonObject,
  type JsonValue,
  type Message,
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
        note(`lost: ${statusLine(error)}; resumes in ${delayMs} ms`),
      onResume: ({ retries }) => note(`resumed, try ${retries}`),
    });
}

function parseLink({ input, output }: DescMethod, link: string): Link {
  const [request = "", message = request] = link.split("=", 2);
  return { request: fieldOf(input, request), message: fieldOf(output, message) };
}

function fieldOf(desc: DescMessage, name: string): string {
  const field = desc.fields.find((one) => one.name === name || one.jsonName === name);
  if (field) return field.jsonName;
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
