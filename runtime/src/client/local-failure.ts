// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { badField } from "../protocol/field-value.js";

const local = new WeakSet<ConnectError>();

/** Marks the error of a call that this side did not let go out. To repeat it would change nothing. */
export function localFailure(text: string, code: Code): ConnectError {
  const error = new ConnectError(text, code);
  local.add(error);
  return error;
}

export function isLocalFailure(error: unknown): boolean {
  return error instanceof ConnectError && local.has(error);
}

/** The error of request headers that HTTP has no way to send. */
export function badHeader(header: Headers): ConnectError | undefined {
  const name = badField(header);
  if (name === undefined) return undefined;
  const text = `the request header "${name}" has a character that HTTP does not allow`;
  return localFailure(text, Code.Internal);
}
