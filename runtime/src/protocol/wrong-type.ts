// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Values that have no place in a message, as JavaScript may put them there. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { shown } from "../options/settings.js";

/** The error of a value that a message cannot have: it is not sent. */
export function wrongType(
  what: DescField | DescMessage,
  allowed: string,
  value: unknown,
): ConnectError {
  return new ConnectError(
    `cannot encode ${what}: it must be ${allowed}, not ${shown(value)}`,
    Code.Internal,
  );
}

/**
 * Throws for what protobuf-es sends as something else: a list that is none as an empty one, what is no
 * string as its text, and anything as a boolean. It throws for other types itself.
 */
export function checkFields(desc: DescMessage, message: Record<string, unknown>): void {
  for (const field of desc.fields) {
    const value = message[field.localName];
    if (field.fieldKind === "list") {
      if (!isList(value)) throw wrongType(field, "a list", value);
    } else if (field.fieldKind === "scalar" && value !== undefined && !field.oneof) {
      if (field.scalar === ScalarType.STRING && typeof value !== "string") {
        throw wrongType(field, "a string", value);
      }
      if (field.scalar === ScalarType.BOOL && typeof value !== "boolean") {
        throw wrongType(field, "a boolean", value);
      }
    }
  }
}

/** A typed array is a list of numbers, too. */
function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (typeof value === "object" && value !== null && "length" in value);
}

/**
 * The error of a message that could not be serialized. Where a message holds something else in the place
 * of another message, protobuf-es names a field of the other, or none.
 */
export function serializationError(
  desc: DescMessage,
  message: object,
  thrown: unknown,
): ConnectError {
  const wrong = typeof message === "object" && message ? findNoMessage(desc, message) : undefined;
  return wrong ?? ConnectError.from(thrown, Code.Internal);
}

function findNoMessage(desc: DescMessage, message: object): ConnectError | undefined {
  for (const field of desc.fields) {
    const inner =
      field.fieldKind === "scalar" || field.fieldKind === "enum" ? undefined : field.message;
    if (!inner) continue;
    for (const value of valuesOf(field, message)) {
      if (typeof value !== "object" || value === null) return wrongType(field, "a message", value);
      const deeper = findNoMessage(inner, value);
      if (deeper) return deeper;
    }
  }
  return undefined;
}

/** The values of a field of messages. */
function valuesOf(field: DescField, message: object): readonly unknown[] {
  const value: unknown = field.oneof
    ? oneofValue(field, Reflect.get(message, field.oneof.localName))
    : Reflect.get(message, field.localName);
  if (value === undefined) return [];
  if (field.fieldKind === "list") return isList(value) ? Array.from(value) : [];
  return field.fieldKind === "map" ? Object.values(value ?? {}) : [value];
}

function oneofValue({ localName }: DescField, chosen: unknown): unknown {
  const isChosen =
    typeof chosen === "object" && chosen !== null && "case" in chosen && chosen.case === localName;
  return isChosen && "value" in chosen ? chosen.value : undefined;
}
