// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A message to begin with, as TypeScript: something in its first plain fields. */
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";

/** Fields beyond are left to the user. */
const MAX_FIELDS = 3;

/** Names that a literal can have without quotes, and as a property of its own. */
const plainName = /^(?!__proto__$)[A-Za-z_$][A-Za-z0-9_$]*$/;

/** An object literal for a message. `without`: a field to leave out. */
export function sampleOf(message: DescMessage, without?: DescField): string {
  const fields = message.fields.filter(
    (field) => field !== without && plainName.test(field.localName),
  );
  const optional = fields
    .filter((field) => !isRequired(field) && isPlain(field))
    .slice(0, MAX_FIELDS);
  const entries = fields
    .filter((field) => isRequired(field) || optional.includes(field))
    .map((field) => `${field.localName}: ${literalOf(field)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** A message of proto2 is not sent without it. */
function isRequired({ presence }: DescField): boolean {
  return presence === FeatureSet_FieldPresence.LEGACY_REQUIRED;
}

function isPlain({ fieldKind, oneof, deprecated }: DescField): boolean {
  return fieldKind === "scalar" && oneof === undefined && !deprecated;
}

function literalOf(field: DescField): string {
  if (field.fieldKind === "message") return sampleOf(field.message);
  if (field.fieldKind === "enum") return String(field.enum.values[0]?.number ?? 0);
  return field.fieldKind === "scalar" ? scalarOf(field.scalar, field.longAsString, field.name) : "";
}

function scalarOf(scalar: ScalarType, longAsString: boolean, name: string): string {
  switch (scalar) {
    case ScalarType.STRING:
      return JSON.stringify(name);
    case ScalarType.BOOL:
      return "true";
    case ScalarType.BYTES:
      return "new Uint8Array([1, 2, 3])";
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return longAsString ? '"1"' : "1n";
    default:
      return "1";
  }
}
