// SPDX-License-Identifier: Apache-2.0
import type { ConnectError, Transport } from "@connectrpc/connect";
import type { RpcObserver } from "../api/observer.js";
import { type CallObservation, observeCall } from "../observe/call-observation.js";
import { createMethodUrl } from "../protocol/connect-internals.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import type { CallInit, ClientCall, OpenCall } from "./client-call.js";
import { findTransportInfo } from "./transport-info.js";

/** Opens a call: all its attempts, each with the `open` that it is given. */
export type StartCall = (open: OpenCall, init: CallInit) => ClientCall;

/** Opens calls of one RPC, and shows them to `observer`. */
export function observed(
  observer: RpcObserver,
  transport: Transport,
  method: RpcMethod,
  start: StartCall,
): StartCall {
  const info = findTransportInfo(transport);
  const url = info && createMethodUrl(info.baseUrl, method);
  return (open, given) => {
    const headers = new Headers(given.headers);
    const observation = observeCall(observer, {
      side: "client",
      method,
      protocol: info?.protocol,
      url,
      peer: undefined,
      requestHeader: headers,
    });
    const init = { ...given, headers, observation };
    if (!observation) return start(open, init);
    const call = observation.run(() => start(observedAttempts(open, observation), init));
    if (observation.end) void call.outcome.then(observation.end);
    return call;
  };
}

/** `open`, for one call: it may be opened more than once. */
function observedAttempts(open: OpenCall, { retry }: CallObservation): OpenCall {
  if (!retry) return open;
  let attempt = 0;
  let error: ConnectError | undefined;
  return (init) => {
    attempt++;
    if (error) retry({ attempt, error });
    const call = open(init);
    void call.outcome.then((outcome) => {
      error = outcome.error;
    });
    return call;
  };
}
