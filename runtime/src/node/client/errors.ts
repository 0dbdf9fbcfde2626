// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { adviceOn, type ConnectionAdvice, type NodeFailure } from "./connection-advice.js";

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

const resetTexts: ReadonlyMap<number, string> = new Map([
  [constants.NGHTTP2_REFUSED_STREAM, "takes no new calls"],
  [constants.NGHTTP2_CANCEL, "cancelled the call"],
  [constants.NGHTTP2_ENHANCE_YOUR_CALM, "refused the call: too many calls, or too large headers"],
]);

/** The names of HTTP/2's error codes. The shortest for each: Node has more constants. */
const resetNames: readonly string[] = [
  "NO_ERROR",
  "PROTOCOL_ERROR",
  "INTERNAL_ERROR",
  "FLOW_CONTROL_ERROR",
  "SETTINGS_TIMEOUT",
  "STREAM_CLOSED",
  "FRAME_SIZE_ERROR",
  "REFUSED_STREAM",
  "CANCEL",
  "COMPRESSION_ERROR",
  "CONNECT_ERROR",
  "ENHANCE_YOUR_CALM",
  "INADEQUATE_SECURITY",
  "HTTP_1_1_REQUIRED",
];

/** The error of a stream that the server at `origin` reset. */
export function errorFromReset(rstCode: number, origin: string, cause?: unknown): ConnectError {
  const name = resetNames[rstCode] ?? `0x${rstCode.toString(16)}`;
  const what = resetTexts.get(rstCode) ?? "broke the call off";
  return new ConnectError(
    `${origin} ${what} (HTTP/2 ${name})`,
    resetCodes.get(rstCode) ?? Code.Internal,
    undefined,
    undefined,
    cause,
  );
}

/** The error of a connection to `origin` that broke, or was never made. */
export function connectionError(thrown: unknown, origin: string): ConnectError {
  if (isConnectTimeout(thrown)) {
    const advice = "it takes longer than connectTimeoutMs";
    return unavailable(origin, { made: false, advice }, thrown);
  }
  const cause = nodeError(thrown);
  // What the session manager says of itself: a ping without an answer, or that it was aborted.
  if (thrown instanceof ConnectError && !cause && thrown.code !== Code.Internal) return thrown;
  return unavailable(origin, adviceOn(cause), thrown);
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

/** Codes that Connect-Node gives to what Node reports. */
const nodeCodes: readonly Code[] = [Code.Internal, Code.Aborted, Code.Unavailable];

/**
 * What Connect-Node made of a failed unary call, as a stream would report it. It calls most
 * failures of connections `internal`, and has their text from Node.
 * https://github.com/connectrpc/connect-es/blob/v2.1.2/packages/connect-node/src/node-error.ts
 */
export function unaryFailure(thrown: unknown, origin: string): unknown {
  if (!(thrown instanceof ConnectError)) return thrown;
  const rstCode = resetOf(thrown);
  // Node closes the streams of a lost connection with it, and Connect-Node does not tell that from a
  // server that cancelled.
  if (rstCode === constants.NGHTTP2_CANCEL) return unavailable(origin, adviceOn(undefined), thrown);
  if (rstCode !== undefined) return errorFromReset(rstCode, origin, thrown);
  const failed = nodeCodes.includes(thrown.code) && nodeError(thrown) !== undefined;
  return failed || isClosedSession(thrown) || isConnectTimeout(thrown)
    ? connectionError(thrown, origin)
    : thrown;
}

/** The error of a client that is gone, for handlers. */
export function clientGone(how: string): ConnectError {
  return new ConnectError(how, Code.Canceled);
}

/** The error of Node in a chain of causes. */
function nodeError(thrown: unknown): NodeFailure | undefined {
  if (!(thrown instanceof Error)) return undefined;
  if (thrown instanceof ConnectError || !("code" in thrown)) return nodeError(thrown.cause);
  const { code } = thrown;
  return typeof code === "string" ? { code, error: thrown } : nodeError(thrown.cause);
}

/** The code of a reset in a text of Node, or in one of Connect-Node. */
function resetOf({ rawMessage }: ConnectError): number | undefined {
  const [, name] =
    /^(?:http\/2 s|S)tream closed with error code (?:NGHTTP2_)?(\w+)/.exec(rawMessage) ?? [];
  const rstCode = name === undefined ? -1 : resetNames.indexOf(name);
  return rstCode < 0 ? undefined : rstCode;
}

/** Whether a connection ended just when Connect-Node's manager was about to use it. */
function isClosedSession({ rawMessage }: ConnectError): boolean {
  return rawMessage.startsWith("expected open session");
}

/** Whether Connect-Node's manager, from 2.3 on, gave up on a connection after `connectTimeoutMs`. */
function isConnectTimeout(thrown: unknown): boolean {
  return (
    thrown instanceof ConnectError && thrown.rawMessage === "connection establishment timed out"
  );
}
