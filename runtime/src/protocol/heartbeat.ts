// SPDX-License-Identifier: Apache-2.0
import type { DescField, DescMethod } from "@bufbuild/protobuf";
import { toMessage } from "./to-message.js";

/** What a schema says of an RPC's heartbeat. */
export interface HeartbeatSpec {
  /** Local name of the field of the response that marks a heartbeat, and is all that it has. */
  readonly field: string;
  /** Time without a response after which the server sends one, in milliseconds. */
  readonly intervalMs: number;
}

/** The heartbeat of an RPC: a response that says nothing but that the server is there. */
export interface Heartbeat {
  readonly intervalMs: number;
  /** The call has one request, and has not begun before that is there. */
  readonly afterRequest: boolean;
  /** A new one. */
  create(): object;
  /** Whether a response is one. */
  is(message: object): boolean;
}

/** The heartbeat of `method`. Throws if its messages are of another schema than `spec`. */
export function heartbeatOf(
  { output, parent, name, methodKind }: DescMethod,
  spec: HeartbeatSpec | undefined,
): Heartbeat | undefined {
  if (!spec) return undefined;
  const field = Object.hasOwn(output.field, spec.field) ? output.field[spec.field] : undefined;
  if (!field) {
    throw new TypeError(
      `${output.typeName} has no field ${spec.field} for the heartbeat of ${parent.typeName}.${name}: generate messages and streams from the same schema`,
    );
  }
  const isMessage = field.fieldKind === "message";
  const value = () => (isMessage ? {} : true);
  const init = (): object =>
    field.oneof
      ? { [field.oneof.localName]: { case: field.localName, value: value() } }
      : { [field.localName]: value() };
  return {
    intervalMs: spec.intervalMs,
    afterRequest: methodKind === "server_streaming",
    create: () => toMessage(output, init()),
    is: (message) => {
      const set = read(message, field);
      return isMessage ? set !== undefined : set === true;
    },
  };
}

/** What a field is set to. Defaults of proto2 are of a message's prototype, and do not count. */
function read(message: object, { localName, oneof }: DescField): unknown {
  if (!oneof)
    return Object.hasOwn(message, localName) ? Reflect.get(message, localName) : undefined;
  const choice: { case?: unknown; value?: unknown } = Reflect.get(message, oneof.localName);
  return choice.case === localName ? choice.value : undefined;
}
