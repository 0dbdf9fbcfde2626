// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { Below } from "../call/reject.js";
import type { RpcMethod } from "../protocol/method-kind.js";

/**
 * An error of a client, which names its RPC. `rpc` is an enumerable property, so that logs show it.
 * The client's view.
 */
export interface RpcError extends ConnectError {
  /** The path of the RPC that failed, such as `/jobs.v1.Jobs/Tail`. */
  readonly rpc: string;
}

/**
 * The path of the RPC whose client failed with `error`, such as `/jobs.v1.Jobs/Tail`. `undefined` for
 * anything else that was caught. An error that passes several clients names the first.
 */
export function findRpc(error: unknown): string | undefined {
  return isRpcError(error) ? error.rpc : undefined;
}

function isRpcError(error: unknown): error is RpcError {
  return error instanceof ConnectError && "rpc" in error && typeof error.rpc === "string";
}

/** Has an error name the RPC that it ends. */
export function nameRpc(error: ConnectError, { parent, name }: RpcMethod): void {
  if ("rpc" in error || !Object.isExtensible(error)) return;
  const value = `/${parent.typeName}/${name}`;
  Object.defineProperty(error, "rpc", {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** The error of a call may be given to many, each of whom adds to its stack. */
const MAX_STACK_LENGTH = 8192;

/** So many frames tell one place from another. */
const TELLING_FRAMES = 4;

/**
 * Adds the place that gets `error` to its stack: an error is made where a response is read, which says
 * nothing of the code that asked for it. `below`: the function whose callers count.
 */
export function addCallSite(error: ConnectError, below: Below): void {
  const { stack } = error;
  if (typeof stack !== "string" || stack.length > MAX_STACK_LENGTH) return;
  const frames = framesBelow(below);
  const known = stack.includes(frames.slice(0, TELLING_FRAMES).join("\n"));
  if (known || Object.isFrozen(error)) return;
  error.stack = [stack, `  for ${findRpc(error) ?? "a call"} at`, ...frames].join("\n");
}

/** None but on V8, and none where `Error.prepareStackTrace` makes something else of them. */
function framesBelow(below: Below): string[] {
  const place: { stack?: unknown } = {};
  Error.captureStackTrace?.(place, below);
  const { stack } = place;
  if (typeof stack !== "string") return [];
  return stack.split("\n").filter((line) => /^ +at /.test(line) && !line.includes("node:internal"));
}
