// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type RpcKind, rpcKinds } from "../protocol/method-kind.js";
import type { ClientCall } from "./client-call.js";

/**
 * What is wrong with a response that ended well after so many messages, if anything: unary and
 * client-streaming calls have exactly one.
 * https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
 */
export function checkSingleResponse(kind: RpcKind, messages: number): ConnectError | undefined {
  if (!rpcKinds[kind].oneResponse || messages === 1) return undefined;
  return singleResponseError(messages);
}

/** Sends the one request of a call, and half-closes. One that cannot be sent fails the call. */
export function sendOnly(call: ClientCall, request: object): void {
  call.send(request).catch((error: unknown) => call.fail(ConnectError.from(error)));
  if (!call.ended) void call.closeSend();
}

/** The one response of a call. To the end, and not only to the message: the call may yet fail. */
export async function singleResponse(call: ClientCall): Promise<object> {
  const response = await call.recv();
  const second = response && (await call.recv());
  if (response && !second) return response;
  const error = singleResponseError(response ? 2 : 0);
  call.fail(error);
  throw error;
}

function singleResponseError(messages: number): ConnectError {
  const fault = messages > 0 ? "received extra output message" : "missing output message";
  return new ConnectError(`protocol error: ${fault}`, Code.Unimplemented);
}
