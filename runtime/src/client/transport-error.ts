// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * What a Connect transport threw, with the code that callers can rely on. Connect-Node reports a
 * lost connection as `aborted`, with Node's error as the cause.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect-node/src/node-error.ts
 */
export function transportError(thrown: unknown): ConnectError {
  const error = ConnectError.from(thrown, Code.Unavailable);
  if (error.code !== Code.Aborted || !(error.cause instanceof Error)) return error;
  return new ConnectError(error.rawMessage, Code.Unavailable, error.metadata, undefined, error);
}
