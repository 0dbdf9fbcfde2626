// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethod, MessageShape } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";

/** Which part of a call a message is. */
export type MessageRole = "request" | "response";

/**
 * Checks messages, on either side: the option `validation`. `createValidation` of
 * `connect-stream/protovalidate` makes one.
 */
export interface StreamValidation {
  /** Whether messages are checked before they are sent, too. Those received always are. */
  readonly sent: boolean;

  /** Throws a `TypeError` if the rules of a type cannot be applied. Called where they are set. */
  prepare(desc: DescMessage): void;

  /**
   * Returns the error that an invalid message ends its call with, and `undefined` for a valid one.
   * Throws if the rules can't be applied to the message.
   */
  check<D extends DescMessage>(
    desc: D,
    message: MessageShape<D>,
    role: MessageRole,
  ): ConnectError | undefined;
}

/**
 * Has the rules of an RPC's messages prepared, as far as a side needs them. `metadata` comes before
 * the requests, and goes the same way.
 */
export function prepare(
  validation: StreamValidation | undefined,
  { input, output }: DescMethod,
  receives: MessageRole,
  metadata?: DescMessage,
): void {
  if (!validation) return;
  if (typeof validation.prepare !== "function") {
    throw new TypeError(
      "validation is what createValidation of connect-stream/protovalidate gives",
    );
  }
  const [received, sent] = receives === "request" ? [input, output] : [output, input];
  validation.prepare(received);
  if (validation.sent) validation.prepare(sent);
  if (metadata && (receives === "request" || validation.sent)) validation.prepare(metadata);
}

/** The validation of a client's call: its own, or else the client's, whose rules are prepared. */
export function resolveValidation(
  client: StreamValidation | undefined,
  call: StreamValidation | false | undefined,
  method: DescMethod,
): StreamValidation | undefined {
  if (call === undefined) return client;
  if (!call) return undefined;
  prepare(call, method, "response");
  return call;
}

/** What is wrong with a message of an RPC, if anything. Its type is that of its role. */
export function validateMessage(
  validation: StreamValidation,
  method: DescMethod,
  message: object,
  role: MessageRole,
): ConnectError | undefined {
  const desc = role === "request" ? method.input : method.output;
  return validation.check(desc, message as MessageShape<DescMessage>, role);
}
