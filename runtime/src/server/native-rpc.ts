// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { RpcObserver } from "../api/observer.js";
import type { StreamServiceOptions } from "../api/options.js";
import type { StreamPolicy } from "../options/policy.js";
import type { StreamValidation } from "../options/validation.js";
import type { UniversalHandler } from "../protocol/connect-internals.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { OnError } from "./client-error.js";
import type { RunHandler } from "./server-call.js";

/** An RPC that our engine can serve by itself, as it was registered. */
export interface NativeRpc extends StreamPolicy {
  readonly method: DescMethodUnary | DescMethodStreaming;
  /** The handler. Its layers stand around it: see `pipeline.ts`. */
  readonly handle: RunHandler;
  readonly onError: OnError;
  readonly observer?: RpcObserver | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  readonly validation?: StreamValidation | undefined;
  /** The message that comes in the request headers, if the RPC has one. */
  readonly initialMetadata?: DescMessage | undefined;
  /** What the service was told; goes before the options of the router. */
  readonly options: StreamServiceOptions;
}

const rpcs = new WeakMap<UniversalHandler, NativeRpc>();

/** Registers what can take the place of `handler`, Connect's own for the RPC. */
export function registerNativeRpc(handler: UniversalHandler, rpc: NativeRpc): void {
  rpcs.set(handler, rpc);
}

/** The RPC behind one of Connect's handlers, if our engine can serve it by itself. */
export function findNativeRpc(handler: UniversalHandler): NativeRpc | undefined {
  return rpcs.get(handler);
}
