// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../api/outcome.js";
import { abortError } from "../call/abort.js";

/**
 * Why Connect aborted a call. Connect-Node reports a client that is gone with the code of whatever
 * broke: `aborted` for a lost connection, `internal` or `unknown` for most resets. Handlers see
 * one: `canceled`.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect-node/src/node-error.ts
 */
export function abortReason(signal: AbortSignal): ConnectError {
  const error = abortError(signal);
  switch (error.code) {
    case Code.Aborted:
    case Code.Internal:
    case Code.Unknown:
      return new ConnectError(error.rawMessage, Code.Canceled, undefined, undefined, error);
    default:
      return error;
  }
}

/**
 * Who ended a call that was aborted with this reason. A client that is gone and a connection that
 * is lost look the same to Connect.
 */
export function abortedBy({ code }: Pick<ConnectError, "code">): EndedBy {
  if (code === Code.DeadlineExceeded) return "deadline";
  return code === Code.Canceled ? "client" : "server";
}
