// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { StreamObserver } from "../observer.js";
import type { StreamServiceOptions } from "../options.js";
import type { CallQueues } from "../protocol/call-queues.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { StreamLimits } from "../stream-limits.js";
import type { StreamTimeouts } from "../timeouts.js";
import type { OnError } from "./failure.js";
import type { RunHandler } from "./side.js";

/** A streaming RPC that has a handler of ours, and can be served without Connect's iterables. */
export interface StreamRpc {
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

const rpcs = new WeakMap<UniversalHandler, StreamRpc>();

/** Notes that `handler`, Connect's handler for the RPC, can be replaced by a direct path. */
export function noteStreamRpc(handler: UniversalHandler, rpc: StreamRpc): void {
  rpcs.set(handler, rpc);
}

/** The streaming RPC behind one of Connect's handlers, if it is one of ours. */
export function findStreamRpc(handler: UniversalHandler): StreamRpc | undefined {
  return rpcs.get(handler);
}
