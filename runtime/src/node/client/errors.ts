// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { notSentError } from "../../client/not-sent-error.js";
import { ErrorCode, errorCodeName } from "../../http2/index.js";
import { adviceOn, type ConnectionAdvice, type NodeFailure } from "./connection-advice.js";

/**
 * What a reset says to the one who receives it.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#errors
 */
const resetCodes: ReadonlyMap<number, Code> = new Map([
  [ErrorCode.REFUSED_STREAM, Code.Unavailable],
  [ErrorCode.CANCEL, Code.Canceled],
  [ErrorCode.ENHANCE_YOUR_CALM, Code.ResourceExhausted],
  [ErrorCode.INADEQUATE_SECURITY, Code.PermissionDenied],
  [ErrorCode.HTTP_1_1_REQUIRED, Code.PermissionDenied],
]);

const resetTexts: ReadonlyMap<number, string> = new Map([
  [ErrorCode.REFUSED_STREAM, "takes no new calls"],
  [ErrorCode.CANCEL, "cancelled the call"],
  [ErrorCode.ENHANCE_YOUR_CALM, "refused the call: too many calls, or headers too large"],
]);

/** The error of a stream that the server at `origin` reset. */
export function errorFromReset(rstCode: number, origin: string, cause?: unknown): ConnectError {
  const what = resetTexts.get(rstCode) ?? "aborted the call";
  return new ConnectError(
    `${origin} ${what} (HTTP/2 ${errorCodeName(rstCode)})`,
    resetCodes.get(rstCode) ?? Code.Internal,
    undefined,
    undefined,
    cause,
  );
}

/** The error of a connection to `origin` that broke, or was never made. */
export function connectionError(thrown: unknown, origin: string): ConnectError {
  if (isConnectTimeout(thrown)) return connectTimeoutError(origin, thrown);
  const cause = nodeError(thrown);
  // What the session manager says of itself: a ping without an answer, or that it was aborted.
  if (thrown instanceof ConnectError && !cause && thrown.code !== Code.Internal) return thrown;
  return unavailable(origin, adviceOn(cause), thrown);
}

/** The error of a connection to `origin` that was lost for a reason that is no error of Node's. */
export function lostError(origin: string, advice: string | undefined): ConnectError {
  return unavailable(origin, { made: true, advice }, undefined);
}

/** The error of a connection to `origin` that was not made in time. */
export function connectTimeoutError(origin: string, cause?: unknown): ConnectError {
  const advice = "no connection within connectTimeoutMs";
  return unavailable(origin, { made: false, advice }, cause);
}

function unavailable(
  origin: string,
  { made, advice }: ConnectionAdvice,
  cause: unknown,
): ConnectError {
  const what = made ? `the connection to ${origin} was lost` : `cannot connect to ${origin}`;
  const text = advice === undefined ? what : `${what}: ${advice}`;
  return new ConnectError(text, Code.Unavailable, undefined, undefined, cause);
}

/** The error of a request that Node, or a session manager, throws for at once. */
export function cannotBegin(thrown: unknown): ConnectError {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return notSentError(`cannot send the request: ${text}`, Code.Internal);
}

/** The error of a server that goes on to announce a response, and gives none. */
export function noFinalResponse(origin: string): ConnectError {
  return new ConnectError(`${origin} sends only interim responses (HTTP 1xx)`, Code.Unknown);
}

/** The error of Node in a chain of causes. */
function nodeError(thrown: unknown): NodeFailure | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if (thrown instanceof ConnectError || !("code" in thrown)) return nodeError(thrown.cause);
  const { code } = thrown;
  return typeof code === "string" ? { code, error: thrown } : nodeError(thrown.cause);
}

/** Whether Connect-Node's manager, from 2.3 on, gave up on a connection after `connectTimeoutMs`. */
function isConnectTimeout(thrown: unknown): boolean {
  return (
    thrown instanceof ConnectError && thrown.rawMessage === "connection establishment timed out"
  );
}
