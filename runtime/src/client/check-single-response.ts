// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * What is wrong with a response that ended well after so many messages, if anything: a
 * client-streaming call has exactly one.
 * https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
export function checkSingleResponse(
  method: Pick<DescMethodStreaming, "methodKind">,
  messages: number,
): ConnectError | undefined {
  if (method.methodKind !== "client_streaming" || messages === 1) return undefined;
  return singleResponseError(messages);
}

/** The error of a response without a message, or with more than one. */
export function singleResponseError(messages: number): ConnectError {
  const fault = messages > 0 ? "received extra output message" : "missing output message";
  return new ConnectError(`protocol error: ${fault}`, Code.Unimplemented);
}
