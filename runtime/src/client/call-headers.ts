// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamCallOptions } from "../api/options.js";

/**
 * The headers of a call, read once. Throws a `ConnectError` with `internal` for what cannot be sent,
 * as messages and initial metadata that cannot be sent have it.
 */
export function headersOf(given: HeadersInit | undefined): Headers | undefined {
  if (given === undefined || given instanceof Headers) return given;
  try {
    return new Headers(given);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const text = `headers of the call: ${reason}`;
    throw new ConnectError(text, Code.Internal, undefined, undefined, thrown);
  }
}

/** What a streaming call begins with: with headers that cannot be sent it has ended as it begins. */
export function resolveHeaders({ headers, signal }: StreamCallOptions): {
  readonly headers: Headers | undefined;
  readonly signal: AbortSignal | undefined;
} {
  try {
    return { headers: headersOf(headers), signal };
  } catch (error) {
    return { headers: undefined, signal: AbortSignal.abort(error) };
  }
}
