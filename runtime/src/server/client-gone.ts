// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";

/** The error of a client that is gone, for handlers. */
export function clientGone(how = "the client cancelled the call or disconnected"): ConnectError {
  return new ConnectError(how, Code.Canceled);
}
