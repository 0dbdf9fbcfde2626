// SPDX-License-Identifier: Apache-2.0
import { type DescField, type DescMessage, isMessage } from "@bufbuild/protobuf";
import { isObject } from "./match.js";

/** The first field, as a path, that `init` speaks of and `desc` does not have. */
export function unknownField(desc: DescMessage, init: unknown): string | undefined {
  // Bytes: what a field of the wrapper `BytesValue` holds.
  if (!isObject(init) || isMessage(init) || init instanceof Uint8Array) return undefined;
  for (const [name, value] of Object.entries(init)) {
    if (name === "$typeName" || name === "$unknown") continue;
    const member = desc.members.find(({ localName }) => localName === name);
    if (!member) return name;
    const inner = member.kind === "field" ? inField(member, value) : inOneof(member.fields, value);
    if (inner !== undefined) return `${name}.${inner}`;
  }
  return undefined;
}

/** The value of a oneof is a pair: which field, and what it is. */
function inOneof(fields: readonly DescField[], value: unknown): string | undefined {
  if (!isObject(value) || !("case" in value) || value.case === undefined) return undefined;
  const field = fields.find(({ localName }) => localName === value.case);
  if (!field) return String(value.case);
  const inner = inField(field, "value" in value ? value.value : undefined);
  return inner && `${field.localName}.${inner}`;
}

function inField(field: DescField, value: unknown): string | undefined {
  const { message, fieldKind } = field;
  if (!message || !isObject(value) || isJson(field)) return undefined;
  if (fieldKind === "message") return unknownField(message, value);
  for (const [key, item] of Object.entries(value)) {
    const inner = unknownField(message, item);
    if (inner !== undefined) return `${key}.${inner}`;
  }
  return undefined;
}

/**
 * Whether a field holds plain JSON, with keys of anybody's.
 * https://github.com/bufbuild/protobuf-es/blob/main/MANUAL.md#googleprotobufstruct
 */
function isJson({ message, parent }: DescField): boolean {
  return (
    message?.typeName === "google.protobuf.Struct" && parent.typeName !== "google.protobuf.Value"
  );
}
