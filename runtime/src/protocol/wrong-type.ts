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

type Allowed = "a list" | "a string" | "a boolean";

/** What a field may hold. Of those that may be left out, `undefined` is nothing. */
const rules: Readonly<Record<Allowed, (value: unknown) => boolean>> = {
  "a list": isList,
  "a string": (value) => typeof value === "string" || value === undefined,
  "a boolean": (value) => typeof value === "boolean" || value === undefined,
};

interface Check {
  readonly name: string;
  readonly field: DescField;
  readonly allowed: Allowed;
  readonly isRight: (value: unknown) => boolean;
}

const known = new WeakMap<DescMessage, readonly Check[]>();

/**
 * Throws for what protobuf-es sends as something else: a list that is none as an empty one, what is no
 * string as its text, and anything as a boolean. It throws for other types itself.
 */
export function checkFields(desc: DescMessage, message: Record<string, unknown>): void {
  for (const { name, field, allowed, isRight } of known.get(desc) ?? prepareChecks(desc)) {
    const value = message[name];
    if (!isRight(value)) throw wrongType(field, allowed, value);
  }
}

function prepareChecks(desc: DescMessage): readonly Check[] {
  const checks = desc.fields.flatMap((field): Check[] => {
    const allowed = allowedFor(field);
    if (!allowed || field.oneof) return [];
    return [{ name: field.localName, field, allowed, isRight: rules[allowed] }];
  });
  known.set(desc, checks);
  return checks;
}

function allowedFor(field: DescField): Allowed | undefined {
  if (field.fieldKind === "list") return "a list";
  if (field.scalar === ScalarType.STRING && field.fieldKind === "scalar") return "a string";
  return field.scalar === ScalarType.BOOL && field.fieldKind === "scalar" ? "a boolean" : undefined;
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
