// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";

const unprocessed = new WeakSet<ConnectError>();

/**
 * Marks the error of a call on which the server has not acted: it was refused, or never sent. Any
 * call that failed with it may be made again.
 */
export function markUnprocessed(error: ConnectError): ConnectError {
  unprocessed.add(error);
  return error;
}

export function isUnprocessed(error: ConnectError): boolean {
  return unprocessed.has(error);
}
