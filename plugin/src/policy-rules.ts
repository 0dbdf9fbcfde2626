// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a policy may say: the runtime's declarations, by the names of a schema. */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import {
  ClientPolicySchema,
  ServerPolicySchema,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import {
  type Declared,
  hasEffect,
  isGroup,
  isInRange,
  rangeText,
  type Scope,
  type Settings,
  type Side,
  schemaPolicy,
} from "connect-stream/options";
import type { OptionPlace } from "./option-place.js";
import { type Report, raise, SchemaError } from "./schema-error.js";

/**
 * Reports invalid values. `where`: what has `message` in the schema; `settings`: its fields. Those
 * that are not declared have rules of their own.
 */
export function checkValues(
  where: OptionPlace,
  message: ReflectMessage,
  report: Report = raise,
  settings: Settings = schemaPolicy,
): void {
  for (const field of message.fields) {
    const declared = settings[field.localName];
    if (!declared || (!message.isSet(field) && !declared.required)) continue;
    const path = where.field(field.name);
    const values = field.fieldKind === "list" ? message.get(field) : [message.get(field)];
    for (const value of values) {
      if (!isReflectMessage(value)) checkValue(path, field, declared, value, report);
      else if (isGroup(declared)) checkValues(path, value, report, declared.settings);
    }
  }
}

function checkValue(
  path: OptionPlace,
  field: DescField,
  declared: Declared,
  value: unknown,
  report: Report,
): void {
  const allowed = field.enum ? otherNames(field.enum, value) : otherNumbers(field, declared, value);
  if (allowed === undefined) return;
  const shown = field.enum?.values.find(({ number }) => number === value)?.name ?? value;
  report(new SchemaError(`${path}: invalid value ${shown}, allowed: ${allowed}`, path));
}

/** The values of an enum, but for the one that says nothing, unless `value` is one of them. */
function otherNames({ values }: DescEnum, value: unknown): string | undefined {
  const named = values.filter(({ number }) => number !== 0);
  if (named.some(({ number }) => number === value)) return undefined;
  return named.map(({ name }) => name).join(", ");
}

/** The numbers that are declared, unless `value` is one of them. Code has one type for all numbers. */
function otherNumbers({ scalar }: DescField, declared: Declared, value: unknown) {
  if (isGroup(declared) || !declared.range) return undefined;
  const { min, max } = declared.range;
  const isWhole = scalar !== ScalarType.DOUBLE;
  const range = isWhole ? { min: Math.ceil(min), max: Math.floor(max), isWhole } : declared.range;
  return isInRange(range, Number(value)) ? undefined : rangeText(range);
}

/** Why an option of a side's policy has no effect on an RPC, or `undefined` if it has. */
export function whyIneffective(declared: Declared, scope: Scope): string | undefined {
  if (hasEffect(declared, scope)) return undefined;
  const { side, methodKind } = scope;
  const because = methodKind === "unary" ? allowedOnUnary(side) : oneMessage[side][methodKind];
  return `has no effect on the ${side} of ${because}`;
}

const oneMessage: Readonly<Record<Side, Partial<Record<Scope["methodKind"], string>>>> = {
  server: {
    server_streaming: "a server-streaming RPC, whose handler gets its one request as an argument",
    client_streaming: "a client-streaming RPC, which sends one response",
  },
  client: {
    server_streaming: "a server-streaming RPC, which sends one request",
    client_streaming: "a client-streaming RPC, which receives one response",
  },
};

function allowedOnUnary(side: Side): string {
  const message = side === "server" ? ServerPolicySchema : ClientPolicySchema;
  const scope: Scope = { side, methodKind: "unary" };
  const names = effectiveFields(message, schemaPolicy[side].settings, scope);
  return `a unary RPC, allowed: ${names.join(", ")}`;
}

/** The options of `message` that have an effect. */
function effectiveFields({ field }: DescMessage, settings: Settings, scope: Scope): string[] {
  return Object.entries(settings).flatMap(([key, declared]) => {
    const { name = key, message } = field[key] ?? {};
    if (!hasEffect(declared, scope)) return [];
    if (!message || !isGroup(declared) || declared.atomic) return [name];
    return effectiveFields(message, declared.settings, scope).map((inner) => `${name}.${inner}`);
  });
}
