// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescMethodStreaming } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import type { StreamObserver } from "../api/observer.js";
import type { StreamOutcome } from "../api/outcome.js";
import { type CallWatch, openWatch } from "../observe/call-watch.js";
import { createMethodUrl } from "../protocol/connect-internals.js";
import type { CallInit, ClientCall, OpenCall } from "./client-call.js";
import { findTransportInfo } from "./transport-info.js";

/** What an observer made of a client's call. */
export interface ClientWatch {
  /** `undefined` if the observer leaves the call alone. */
  readonly call: CallWatch | undefined;
  /** What to send the call with: what the caller gave, and what the observer added. */
  readonly headers: Headers;
}

/** Tells `observer` of a call. */
export function watchCall(
  observer: StreamObserver,
  transport: Transport,
  method: DescMethod,
  given: HeadersInit | undefined,
): ClientWatch {
  const headers = new Headers(given);
  const info = findTransportInfo(transport);
  const call = openWatch(observer, {
    side: "client",
    method,
    protocol: info?.protocol,
    url: info && createMethodUrl(info.baseUrl, method),
    peer: undefined,
    requestHeader: headers,
  });
  return { call, headers };
}

/** Opens a streaming call: all its attempts, each with the `open` that it is given. */
export type StartCall = (open: OpenCall, init: CallInit) => ClientCall;

/** Opens streaming calls, and shows them to `observer`. */
export function watchedCalls(
  observer: StreamObserver | undefined,
  transport: Transport,
  open: OpenCall,
  method: DescMethodStreaming,
): (init: CallInit, start: StartCall) => ClientCall {
  if (!observer) return (init, start) => start(open, init);
  return (given, start) => {
    const { call, headers } = watchCall(observer, transport, method, given.headers);
    const init = { ...given, headers, watch: call };
    if (!call) return start(open, init);
    try {
      const side = call.run(() => start(watchedAttempts(open, call), init));
      if (call.end) void side.outcome.then(call.end);
      return side;
    } catch (thrown) {
      call.end?.(neverMade(ConnectError.from(thrown)));
      throw thrown;
    }
  };
}

/** The outcome of a call that could not even be begun. */
function neverMade(error: ConnectError): StreamOutcome {
  const none = { messages: 0, bytes: 0, dropped: 0 };
  const traffic = { sent: none, received: none, durationMs: 0, attempts: 1 };
  return { code: error.code, error, endedBy: "client", ...traffic };
}

/** `open`, for one call: it may be opened more than once. */
function watchedAttempts(open: OpenCall, { retry }: CallWatch): OpenCall {
  if (!retry) return open;
  let attempt = 0;
  let error: ConnectError | undefined;
  return (method, init) => {
    attempt++;
    if (error) retry({ attempt, error });
    const side = open(method, init);
    void side.outcome.then((outcome) => {
      error = outcome.error;
    });
    return side;
  };
}
