// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../api/outcome.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import { isNotSent } from "./not-sent-error.js";

/**
 * What a Connect transport threw, with the code that callers can rely on. Connect-Node reports a
 * lost connection as `aborted`, with Node's error as the cause, or over HTTP/2 as `canceled`,
 * because that is what Node closes its streams with. A client that cancels gets its own reason.
 * https://github.com/connectrpc/connect-es/blob/main/packages/connect-node/src/node-error.ts
 */
function transportError(thrown: unknown): ConnectError {
  const error = ConnectError.from(thrown, isSystemError(thrown) ? Code.Unavailable : Code.Unknown);
  if (!isLostConnection(error)) return error;
  return new ConnectError(error.rawMessage, Code.Unavailable, error.metadata, undefined, error);
}

/** The same for a call of a kind: a server that needs HTTP/2 for it says so only with a status. */
export function callError(thrown: unknown, { methodKind }: RpcMethod): ConnectError {
  const error = transportError(thrown);
  return methodKind === "bidi_streaming" && error.rawMessage.startsWith("HTTP 505")
    ? needsHttp2()
    : error;
}

/** Who ended a call that a transport failed with `error`, as far as that shows. */
export function failedBy(error: ConnectError): EndedBy {
  const { code, cause, metadata } = error;
  if (isNotSent(error)) return "client";
  if (code === Code.Unavailable && cause !== undefined) return "connection";
  const here = code === Code.DeadlineExceeded && metadata.get("content-type") === null;
  return here ? "deadline" : "server";
}

/** The error of a bidirectional call over HTTP/1.1. */
export function needsHttp2(): ConnectError {
  return new ConnectError(
    'bidirectional streaming needs HTTP/2: create the transport with httpVersion: "2"',
    Code.Unimplemented,
  );
}

/** Whether Node reports a socket or a host. Anything else is of whoever threw it: an interceptor, say. */
function isSystemError(thrown: unknown): boolean {
  return thrown instanceof Error && "syscall" in thrown;
}

function isLostConnection(error: ConnectError): boolean {
  return error.code === Code.Aborted ? error.cause instanceof Error : isReset(error);
}

/** The error of a response that has not even a head. */
export function noResponse(): ConnectError {
  return new ConnectError("the response ended without headers", Code.Unavailable);
}

/**
 * Whether a server reset the call, as one may that notices first that the time is up. Somewhere
 * among the causes: our own transport words a reset that its callers see.
 */
export function wasReset(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  return (thrown instanceof ConnectError && isReset(thrown)) || wasReset(thrown.cause);
}

/** The same error, if it is but the status of HTTP, with what was asked for. */
export function withUrl(error: ConnectError, url: string, method: DescMethod): ConnectError {
  const [, status] = /^HTTP (\d{3})$/.exec(error.rawMessage) ?? [];
  if (status === undefined) return error;
  const advice = status === "404" ? `: is ${method.parent.typeName} served there?` : "";
  const text = `HTTP ${status} from ${url}${advice}`;
  return new ConnectError(text, error.code, error.metadata, undefined, error.cause);
}

/** Whether Connect-Node says that an HTTP/2 stream was reset with `CANCEL`. */
function isReset({ code, rawMessage }: Pick<ConnectError, "code" | "rawMessage">): boolean {
  return code === Code.Canceled && rawMessage.startsWith("http/2 stream closed");
}
