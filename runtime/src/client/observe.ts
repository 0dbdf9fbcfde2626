// SPDX-License-Identifier: Apache-2.0
import type { ConnectError, Transport } from "@connectrpc/connect";
import type { StreamObserver } from "../api/observer.js";
import { type CallWatch, openWatch } from "../observe/call-watch.js";
import { createMethodUrl } from "../protocol/connect-internals.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import type { CallInit, ClientCall, OpenCall } from "./client-call.js";
import { findTransportInfo } from "./transport-info.js";

/** Opens a call: all its attempts, each with the `open` that it is given. */
export type StartCall = (open: OpenCall, init: CallInit) => ClientCall;

/** Opens calls of one RPC, and shows them to `observer`. */
export function observed(
  observer: StreamObserver,
  transport: Transport,
  method: RpcMethod,
  start: StartCall,
): StartCall {
  const info = findTransportInfo(transport);
  const url = info && createMethodUrl(info.baseUrl, method);
  return (open, given) => {
    const headers = new Headers(given.headers);
    const watch = openWatch(observer, {
      side: "client",
      method,
      protocol: info?.protocol,
      url,
      peer: undefined,
      requestHeader: headers,
    });
    const init = { ...given, headers, watch };
    if (!watch) return start(open, init);
    const call = watch.run(() => start(observedAttempts(open, watch), init));
    if (watch.end) void call.outcome.then(watch.end);
    return call;
  };
}

/** `open`, for one call: it may be opened more than once. */
function observedAttempts(open: OpenCall, { retry }: CallWatch): OpenCall {
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
