// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { StreamObserver } from "../api/observer.js";
import type { StreamServiceOptions } from "../api/options.js";
import type { StreamLimits } from "../options/limits.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import type { CallQueues } from "../protocol/call-queues.js";
import type { UniversalHandler } from "../protocol/connect-internals.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { OnError } from "./client-error.js";
import type { RunHandler } from "./server-call.js";

/** A streaming RPC that has a handler of ours, and can be served without Connect's iterables. */
export interface NativeRpc {
  readonly method: DescMethodStreaming;
  readonly run: RunHandler;
  /** Limits of time that hold around interceptors. */
  readonly timeouts: StreamTimeouts | undefined;
  readonly limits: StreamLimits | undefined;
  readonly queues: CallQueues;
  readonly heartbeat: Heartbeat | undefined;
  readonly observer: StreamObserver | undefined;
  readonly onError: OnError;
  /** What `registerXService` was told; goes before the options of the router. */
  readonly options: StreamServiceOptions;
}

const rpcs = new WeakMap<UniversalHandler, NativeRpc>();

/** Notes that `handler`, Connect's handler for the RPC, can be replaced by a direct path. */
export function registerNativeRpc(handler: UniversalHandler, rpc: NativeRpc): void {
  rpcs.set(handler, rpc);
}

/** The streaming RPC behind one of Connect's handlers, if it is one of ours. */
export function findNativeRpc(handler: UniversalHandler): NativeRpc | undefined {
  return rpcs.get(handler);
}
