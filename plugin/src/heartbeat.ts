// SPDX-License-Identifier: Apache-2.0
import { type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import {
  type MethodPolicy,
  method as methodOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { OptionPlace } from "./option-place.js";
import { quote, SchemaError } from "./schema-error.js";
import { optionOf } from "./schema-options.js";

/** The heartbeat of an RPC, as its schema declares it. */
export interface DeclaredHeartbeat {
  /** The field of the response message. */
  readonly field: DescField;
  readonly intervalMs: number;
}

/** The heartbeat that `policy` declares for its RPC. Throws a `SchemaError` if it is invalid. */
export function heartbeatOf(
  method: DescMethod,
  { heartbeat }: MethodPolicy,
): DeclaredHeartbeat | undefined {
  if (!heartbeat) return undefined;
  const where = optionOf(method, methodOption).field("heartbeat");
  const { methodKind, output } = method;
  if (methodKind !== "server_streaming" && methodKind !== "bidi_streaming") {
    throw new SchemaError(
      `${where} is not allowed: ${method.name} has one response, heartbeats are for RPCs that stream responses`,
      where,
    );
  }
  const field = output.fields.find(({ name }) => name === heartbeat.field);
  if (!field || !canBeat(field)) {
    throw new SchemaError(
      `${where}.field: invalid value ${quote(heartbeat.field)}${reasonOf(field)}, allowed: ${allowedIn(output)}`,
      where.field("field"),
    );
  }
  checkAlone(where, field);
  return { field, intervalMs: heartbeat.intervalMs };
}

/** A field that can be set to something that says nothing: `true`, or an empty message. */
function canBeat(field: DescField): boolean {
  if (field.fieldKind === "scalar") return field.scalar === ScalarType.BOOL;
  return field.fieldKind === "message" && !isWrapperDesc(field.message);
}

/** A message without its required fields cannot be sent. */
function checkAlone(where: OptionPlace, field: DescField): void {
  const required =
    requiredIn(field.parent).find((other) => other !== field) ??
    (field.message && requiredIn(field.message)[0]);
  if (required) {
    throw new SchemaError(
      `${where}.field: invalid value ${quote(field.name)}: a heartbeat sets no other field, but ${required} is required`,
      where.field("field"),
    );
  }
}

function requiredIn({ fields }: DescMessage): DescField[] {
  return fields.filter(({ presence }) => presence === FeatureSet_FieldPresence.LEGACY_REQUIRED);
}

function reasonOf(field: DescField | undefined): string {
  if (!field) return "";
  return `, which is ${field.fieldKind === "message" ? "a wrapper" : "neither a bool nor a message"}`;
}

function allowedIn(message: DescMessage): string {
  const names = message.fields.filter(canBeat).map(({ name }) => name);
  const kind = `a bool or message field of ${message.typeName}`;
  return names.length > 0 ? `${kind}: ${names.join(", ")}` : `${kind}, which has none yet`;
}
