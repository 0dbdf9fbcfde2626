// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { StreamServiceOptions } from "../api/options.js";
import type { Fields } from "../protocol/fields.js";
import { sizeOfFields } from "../protocol/fit-status.js";
import { sendableError } from "./sendable-error.js";

export type OnError = NonNullable<StreamServiceOptions["onError"]>;

/** Where errors go unless `onError` is set. */
export function printError(
  error: unknown,
  { service, method }: Pick<HandlerContext, "service" | "method">,
): void {
  console.error(`handler of ${service.typeName}.${method.name} failed:`, error);
}

/** The error of headers or trailers that HTTP has no way to send. */
export function unsendable(what: string): ConnectError {
  const text = `${what} has a character that HTTP does not allow`;
  return new ConnectError(text, Code.Internal);
}

/** The error of headers or trailers that are larger than the client takes, if they are. */
export function tooLarge(what: string, fields: Fields, maxBytes: number): ConnectError | undefined {
  if (maxBytes === Number.POSITIVE_INFINITY) return undefined;
  const size = sizeOfFields(fields);
  if (size <= maxBytes) return undefined;
  const text = `${what} have ${size} bytes, but the client accepts at most ${maxBytes}`;
  return new ConnectError(text, Code.Internal);
}

/**
 * What the client sees of something that a handler threw: a `ConnectError` as it is, without what no
 * protocol can send of it; anything else as `internal`, without its text, which goes to `onError`. What
 * a handler throws because its call was aborted is no fault.
 */
export function toClientError(
  thrown: unknown,
  context: HandlerContext,
  aborted: ConnectError | undefined,
  onError: OnError,
): ConnectError {
  if (thrown instanceof ConnectError) {
    const { error, fault } = sendableError(thrown);
    if (fault) report(fault, context, onError);
    return error;
  }
  if (aborted && isAbort(thrown)) return aborted;
  report(thrown, context, onError);
  return new ConnectError("internal error", Code.Internal, undefined, undefined, thrown);
}

/** Tells `onError`, and survives it. */
export function report(error: unknown, context: HandlerContext, onError: OnError): void {
  try {
    // It is meant to return nothing, but may well be async.
    const result: unknown = onError(error, context);
    if (result instanceof Promise) result.catch(printFault);
  } catch (fault) {
    printFault(fault);
  }
}

function printFault(fault: unknown): void {
  console.error("onError threw:", fault);
}

function isAbort(thrown: unknown): boolean {
  return (
    thrown instanceof Error && (thrown.name === "AbortError" || thrown.name === "TimeoutError")
  );
}
