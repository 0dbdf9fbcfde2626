// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Fields } from "../protocol/fields.js";
import { findInvalidHeader } from "../protocol/header-value.js";

const local = new WeakSet<ConnectError>();

/** Marks the error of a call that this side did not let go out. To repeat it would change nothing. */
export function notSentError(text: string, code: Code): ConnectError {
  const error = new ConnectError(text, code);
  local.add(error);
  return error;
}

export function isNotSent(error: unknown): boolean {
  return error instanceof ConnectError && local.has(error);
}

/** The error of request headers that HTTP has no way to send. Frozen ones are those of a protocol. */
export function invalidHeaderError(header: Fields): ConnectError | undefined {
  if (Object.isFrozen(header)) return undefined;
  const name = findInvalidHeader(header);
  if (name === undefined) return undefined;
  const text = `the request header "${name}" has a character that HTTP does not allow`;
  return notSentError(text, Code.Internal);
}
