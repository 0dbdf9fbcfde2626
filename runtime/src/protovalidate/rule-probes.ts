// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Messages that bring a validator to all rules of a type. */
import {
  type DescEnum,
  type DescField,
  type DescMessage,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect, usedTypes } from "@bufbuild/protobuf/reflect";

/** A type, and all types of its fields, however deep. */
export function* typesOf(desc: DescMessage): Generator<DescMessage> {
  yield desc;
  for (const type of usedTypes(desc)) {
    if (type.kind === "message") yield type;
  }
}

/** An empty message, and one for each field, with that field set to something that is not zero. */
export function* samplesOf(desc: DescMessage): Generator<Message> {
  yield reflect(desc).message;
  for (const field of desc.fields) {
    const message = reflect(desc);
    fill(message, field);
    yield message.message;
  }
}

function fill(message: ReflectMessage, field: DescField): void {
  if (field.fieldKind === "list") message.get(field).add(sample(field));
  else if (field.fieldKind === "map") message.get(field).set(scalar(field.mapKey), sample(field));
  else message.set(field, sample(field));
}

/** Something that a field, or one of its items, may be. */
function sample(field: DescField): unknown {
  if (field.message) return reflect(field.message);
  if (field.enum) return enumNumber(field.enum);
  return field.scalar === ScalarType.BYTES ? new Uint8Array([1]) : scalar(field.scalar);
}

function enumNumber({ values }: DescEnum): number | undefined {
  return (values.find(({ number }) => number !== 0) ?? values[0])?.number;
}

const longs: readonly ScalarType[] = [
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64,
];

function scalar(type: Exclude<ScalarType, ScalarType.BYTES>): string | bigint | boolean | number {
  if (type === ScalarType.STRING) return "1";
  if (type === ScalarType.BOOL) return true;
  return longs.includes(type) ? 1n : 1;
}
