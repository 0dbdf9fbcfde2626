// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type { RpcObserver } from "../api/observer.js";
import type { StreamCallOptions, StreamClientOptions } from "../api/options.js";
import type { Scope } from "../options/declare.js";
import type { CallPolicy } from "../options/policy.js";
import type { StreamQueues } from "../options/queues.js";
import type { RetryPolicy } from "../options/retry.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import type { CallQueues } from "../protocol/call-queues.js";
import type { MessageSizes } from "../protocol/message-size.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import type { ClientCall } from "./client-call.js";
import type { StartCall } from "./observe.js";

/** Which options a client has, and how they are checked and joined. */
export interface OptionParts {
  /** Throws a `RangeError` for invalid options of a client. */
  checkClient(options: StreamClientOptions): void;
  /** What holds for a client's calls of an RPC. */
  resolveClient(
    scope: Scope,
    schema: CallPolicy | undefined,
    options: StreamClientOptions,
  ): CallPolicy;
  /** What holds for one of them. Throws a `RangeError` for invalid options of the call. */
  resolveCall(scope: Scope, client: CallPolicy, options: StreamCallOptions): CallPolicy;
}

/**
 * What a call has only if an option asks for it. They come from outside of the pipeline, so that a
 * bundle without these options has no code for them.
 */
export interface CallParts extends OptionParts {
  readonly retry?: (
    transport: Transport,
    policy: RetryPolicy | false | undefined,
  ) => RetryCall | undefined;
  readonly observe?: (
    observer: RpcObserver,
    transport: Transport,
    method: RpcMethod,
    start: StartCall,
  ) => StartCall;
  readonly limitTime?: (call: ClientCall, timeouts: StreamTimeouts) => void;
  readonly queues?: (queues: StreamQueues | undefined) => CallQueues;
  readonly sizes?: MessageSizes;
}

/** Opens a call that is made again when it fails. */
export type RetryCall = (method: RpcMethod, ...start: Parameters<StartCall>) => ClientCall;
