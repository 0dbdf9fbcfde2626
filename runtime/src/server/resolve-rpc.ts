// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming } from "@bufbuild/protobuf";
import type { ConnectRouterOptions } from "@connectrpc/connect";
import type { StreamLimits } from "../options/limits.js";
import { type CallQueues, noQueues } from "../protocol/call-queues.js";
import {
  createMethodSerializationLookup,
  type UniversalHandlerOptions,
  validateUniversalHandlerOptions,
} from "../protocol/connect-internals.js";
import { mayReferenceInput } from "../protocol/input-references.js";
import { beating } from "./beating.js";
import { intercepted } from "./intercept.js";
import type { NativeRpc } from "./native-rpc.js";
import { type GatedOptions, gated } from "./request-gate.js";
import type { RunHandler } from "./server-call.js";
import { watched } from "./timed.js";

type Serialization = ReturnType<typeof createMethodSerializationLookup<DescMessage, DescMessage>>;

/** A streaming RPC, ready to serve: its handler behind its interceptors, its options resolved. */
export interface ServedRpc {
  readonly method: DescMethodStreaming;
  readonly run: RunHandler;
  readonly onError: NativeRpc["onError"];
  readonly observer: NativeRpc["observer"];
  readonly options: UniversalHandlerOptions;
  readonly serialization: Serialization;
  /** What the service limits beyond one message. */
  readonly streamLimits: StreamLimits | undefined;
  /** None behind interceptors, where they are between these and the handler. */
  readonly queues: CallQueues;
  /** Parsed requests may hold views of the bytes they came in. */
  readonly aliasesInput: boolean;
}

/** Joins what the router and what the service was told: the service's options go first. */
export function resolveRpc(rpc: NativeRpc, routerOptions: ConnectRouterOptions): ServedRpc {
  const options: GatedOptions = validateUniversalHandlerOptions({
    ...routerOptions,
    ...rpc.options,
  });
  const { method, onError, observer } = rpc;
  const direct = options.interceptors.length === 0;
  const run = direct ? rpc.run : intercepted(rpc, options.interceptors);
  return {
    method,
    onError,
    observer,
    options,
    streamLimits: rpc.limits,
    queues: direct ? rpc.queues : noQueues,
    run: beating(watched(gated(run, options), rpc.timeouts), rpc.heartbeat),
    serialization: createMethodSerializationLookup(
      method,
      options.binaryOptions,
      options.jsonOptions,
      options,
    ),
    aliasesInput: mayReferenceInput(method.input),
  };
}
