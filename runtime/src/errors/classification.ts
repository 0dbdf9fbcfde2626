// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Questions about any error that do not depend on its text. Either side. */
import { Code, ConnectError } from "@connectrpc/connect";
import { RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { findErrorInfo } from "./details.js";

/** What schemas declare of an error beside its code. */
export interface ErrorFlags {
  readonly temporary: boolean;
  readonly timeout: boolean;
}

/**
 * Of all services whose generated code is loaded. No detail of an error says these things, and
 * servers of others need not know our options, so that the schema on this side has to.
 */
const declared = new Map<string, ErrorFlags>();

const none: ErrorFlags = { temporary: false, timeout: false };

/** Notes what is declared of a reason. Services that share a domain and a reason add up. */
export function registerErrorFlags(domain: string, reason: string, flags: ErrorFlags): void {
  const before = declared.get(keyOf(domain, reason)) ?? none;
  declared.set(keyOf(domain, reason), {
    temporary: before.temporary || flags.temporary,
    timeout: before.timeout || flags.timeout,
  });
}

/**
 * Whether the same call may succeed later: true for errors that are declared temporary in a schema
 * whose generated code is loaded, that have a `google.rpc.RetryInfo`, or that are `unavailable`,
 * like a lost connection. Takes anything that was caught.
 */
export function isTemporary(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  if (error.code === Code.Unavailable || flagsOf(error).temporary) return true;
  return error.findDetails(RetryInfoSchema).length > 0;
}

/**
 * Whether something took too long: true for errors that are declared a timeout in a schema whose
 * generated code is loaded, for `deadline_exceeded`, and for the `TimeoutError` of
 * `AbortSignal.timeout`, whether it ended a call or was caught itself. Takes anything that was caught.
 */
export function isTimeout(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return isTimeoutError(error);
  if (error.code === Code.DeadlineExceeded || flagsOf(error).timeout) return true;
  return error.code === Code.Canceled && isTimeoutError(error.cause);
}

function isTimeoutError(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "TimeoutError";
}

function flagsOf(error: ConnectError): ErrorFlags {
  const info = findErrorInfo(error);
  return (info && declared.get(keyOf(info.domain, info.reason))) ?? none;
}

function keyOf(domain: string, reason: string): string {
  return `${domain}/${reason}`;
}
