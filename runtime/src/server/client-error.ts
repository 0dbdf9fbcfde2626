// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { StreamServiceOptions } from "../api/options.js";

export type OnError = NonNullable<StreamServiceOptions["onError"]>;

/** Where errors go unless `onError` is set. */
export const printError: OnError = (error, context) => {
  console.error(`handler of ${context.service.typeName}.${context.method.name} failed:`, error);
};

/**
 * What the client is told of something that a handler threw: a `ConnectError` as it is; anything
 * else as `internal`, without its text, which goes to `onError`. What a handler throws because its
 * call was aborted is no fault.
 */
export function toClientError(
  thrown: unknown,
  context: HandlerContext,
  aborted: ConnectError | undefined,
  onError: OnError,
): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
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
