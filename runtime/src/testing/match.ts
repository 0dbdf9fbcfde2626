// SPDX-License-Identifier: Apache-2.0
import {
  clone,
  create,
  type DescField,
  type DescMessage,
  type DescOneof,
  equals,
  isFieldSet,
  isMessage,
  type MessageInitShape,
  type MessageShape,
  ScalarType,
} from "@bufbuild/protobuf";

/** Whether `message` has what `init` says. A whole message says everything, an object its fields. */
export function matches(desc: DescMessage, init: object, message: object): boolean {
  const expected = clone(desc, create(desc, init as MessageInitShape<DescMessage>));
  roundFloats(desc, expected);
  return equals(desc, expected, partLike(desc, init, message) as MessageShape<DescMessage>);
}

/** Of `message`, what `init` speaks of. */
function partLike(desc: DescMessage, init: object, message: object): object {
  if (isMessage(init)) return message;
  const part = create(desc);
  for (const member of desc.members) {
    const { localName } = member;
    if (!Object.hasOwn(init, localName) || !isSet(member, message)) continue;
    const said: unknown = Reflect.get(init, localName);
    Reflect.set(part, localName, memberLike(member, said, Reflect.get(message, localName)));
  }
  return part;
}

function isSet(member: DescField | DescOneof, message: object): boolean {
  return member.kind === "oneof" || isFieldSet(message as MessageShape<DescMessage>, member);
}

function memberLike(member: DescField | DescOneof, init: unknown, value: unknown): unknown {
  if (member.kind === "field") return valueLike(member, init, value);
  if (!isOneof(init) || !isOneof(value) || init.case !== value.case) return value;
  const field = member.fields.find(({ localName }) => localName === value.case);
  return field ? { ...value, value: valueLike(field, init.value, value.value) } : value;
}

/** Looks for messages in `value`, of which `init` may say less than everything. */
function valueLike(field: DescField, init: unknown, value: unknown): unknown {
  if (!field.message || !isObject(init) || !isObject(value)) return value;
  const { message } = field;
  const inner = (said: unknown, got: unknown) =>
    isObject(said) && isMessage(got) ? partLike(message, said, got) : got;
  if (Array.isArray(init) && Array.isArray(value)) {
    return value.map((got, i) => inner(init[i], got));
  }
  if (field.fieldKind === "map") {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, got]) => [key, inner(Reflect.get(init, key), got)]),
    );
  }
  return inner(init, value);
}

function isOneof(value: unknown): value is { case: string | undefined; value?: unknown } {
  return isObject(value) && "case" in value;
}

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Makes the numbers of `float` fields what they are on the wire: 0.1 is not a `float`. */
function roundFloats(desc: DescMessage, message: object): void {
  for (const member of desc.members) {
    const value: unknown = Reflect.get(message, member.localName);
    if (member.kind === "field") {
      if (value !== undefined && isSet(member, message)) {
        Reflect.set(message, member.localName, rounded(member, value));
      }
    } else if (isOneof(value) && value.case !== undefined) {
      const field = member.fields.find(({ localName }) => localName === value.case);
      if (field) value.value = rounded(field, value.value);
    }
  }
}

function rounded(field: DescField, value: unknown): unknown {
  const { message, scalar } = field;
  const one = (item: unknown) => {
    if (typeof item === "number" && scalar === ScalarType.FLOAT) return Math.fround(item);
    if (message && isMessage(item)) roundFloats(message, item);
    return item;
  };
  if (Array.isArray(value)) return value.map(one);
  if (field.fieldKind !== "map" || !isObject(value)) return one(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, one(item)]));
}
