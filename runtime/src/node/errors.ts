// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";

/**
 * What a reset says to the one who receives it.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
 */
const resetCodes: ReadonlyMap<number, Code> = new Map([
  [constants.NGHTTP2_REFUSED_STREAM, Code.Unavailable],
  [constants.NGHTTP2_CANCEL, Code.Canceled],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, Code.ResourceExhausted],
  [constants.NGHTTP2_INADEQUATE_SECURITY, Code.PermissionDenied],
  [constants.NGHTTP2_HTTP_1_1_REQUIRED, Code.PermissionDenied],
]);

/** The error of a stream that the peer reset. */
export function errorFromReset(rstCode: number): ConnectError {
  return new ConnectError(
    `the peer reset the HTTP/2 stream with code 0x${rstCode.toString(16)}`,
    resetCodes.get(rstCode) ?? Code.Internal,
  );
}

/** The error of a connection that broke, or was never made. */
export function connectionError(cause: unknown): ConnectError {
  if (cause instanceof ConnectError) return cause;
  const text = cause instanceof Error ? cause.message : "the connection was lost";
  return new ConnectError(text, Code.Unavailable, undefined, undefined, cause);
}

/** The error of a client that is gone, for handlers. */
export function clientGone(how: string): ConnectError {
  return new ConnectError(how, Code.Canceled);
}
