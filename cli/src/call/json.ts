// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Messages as JSON documents, one a line. */
import {
  clone,
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  type Registry,
  toJson,
} from "@bufbuild/protobuf";
import { CliError } from "../exit.js";
import { hint } from "../options.js";
import type { Schema } from "../schema/schema.js";
import { openAnys } from "./unknown-any.js";

/** Reads a message. `where` is what an error says of its place. Rejects with a `CliError`. */
export async function parseMessage(
  desc: DescMessage,
  text: string,
  where: string,
  schema: Schema,
): Promise<Message> {
  const json = parseJson(text, where);
  for (const [, typeName = ""] of text.matchAll(/"@type"\s*:\s*"[^"]*\/([^"]+)"/g)) {
    await schema.resolve(typeName);
  }
  try {
    return fromJson(desc, json, { registry: schema.registry });
  } catch (error) {
    throw new CliError(`${where}: ${describe(error, desc, json)}`);
  }
}

/** JSON's numbers are floats in JavaScript. A whole number that is too large for one stays exact as text. */
function parseJson(text: string, where: string): JsonValue {
  const exact = text.replaceAll(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${token}"`,
  );
  try {
    const value: JsonValue = JSON.parse(exact);
    return value;
  } catch {
    // Again, for the message to speak of what was given.
    const reason = reasonOf(text);
    const advice = where.startsWith("line ") ? "; a message stands on one line" : "";
    throw new CliError(`${where} is not valid JSON: ${reason}${advice}`);
  }
}

function reasonOf(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    if (error instanceof Error) return error.message;
  }
  return "invalid";
}

function describe(error: unknown, desc: DescMessage, json: JsonValue): string {
  const text = error instanceof Error ? error.message : String(error);
  // protobuf-es shows an array by its length alone.
  const isOwn = !desc.typeName.startsWith("google.protobuf.");
  if (isOwn && text.startsWith(`cannot decode message ${desc.typeName} `) && !isObject(json)) {
    return `${desc.typeName} is an object, {…}, not ${shortened(JSON.stringify(json))}`;
  }
  const unknown = /key "([^"]*)" is unknown/.exec(text)?.[1];
  if (unknown === undefined) return text;
  const names = desc.fields.map(({ jsonName }) => jsonName);
  const known = hint(unknown, names) || `; it has ${names.join(", ") || "none"}`;
  // A nested message is another one: its fields are not those of `desc`.
  return text.includes(`message ${desc.typeName} `)
    ? `${desc.typeName} has no field ${unknown}${known}`
    : text;
}

function isObject(json: JsonValue): boolean {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

const MAX_SHOWN = 40;

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** How to show messages. */
export interface JsonOptions {
  /** Fields without presence also when they have their default. */
  readonly alwaysEmitImplicit?: boolean;
}

/**
 * A message as JSON. What it has in an `Any` is decoded if the schema knows the type; otherwise
 * `value` is its bytes, in base64.
 */
export async function messageJson(
  desc: DescMessage,
  message: Message,
  schema: Schema,
  options: JsonOptions = {},
): Promise<JsonValue> {
  const encode = (value: Message, registry: Registry) =>
    toJson(desc, value, { ...options, registry });
  try {
    return encode(message, schema.registry);
  } catch {
    const copy = clone(desc, message);
    const unknown = await openAnys(desc, copy, schema);
    return encode(copy, createRegistry(schema.registry, ...unknown));
  }
}
