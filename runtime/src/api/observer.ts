// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "./outcome.js";

/**
 * Watches calls, unary ones included: the option `observer` of services and clients. For more than
 * one observer see `combineObservers`.
 *
 * Errors of an observer change nothing for the call. The first error of each observer goes to
 * standard error.
 */
export interface RpcObserver {
  /**
   * Called when a call begins, before anything else. Returns the observer of this call, or nothing
   * to ignore the call.
   */
  open(call: ObservedCall): CallObserver | undefined;
}

/** A call that begins. */
export interface ObservedCall {
  /** Whose call it is: that of a handler, or that of a client. */
  readonly side: "server" | "client";

  /** The RPC. Its service is `method.parent`, its kind `method.methodKind`. */
  readonly method: DescMethod;

  /**
   * The protocol. `undefined` on a client whose transport does not say; those of
   * `createStreamTransport` do.
   */
  readonly protocol: "grpc" | "grpc-web" | "connect" | undefined;

  /**
   * Where the call goes, or on a server, what the client asked for: scheme, host and path.
   * `undefined` on a client whose transport does not say.
   */
  readonly url: string | undefined;

  /**
   * Who is at the other end of the connection, which may be a proxy. For streams on `serve` and
   * `streamNodeAdapter`, `undefined` elsewhere.
   */
  readonly peer: Peer | undefined;

  /**
   * The request headers: on a server those received, on a client those the caller set. Headers that
   * an observer sets here on a client are sent with each attempt of the call.
   */
  readonly requestHeader: Headers;
}

/** The address at the other end of a connection. */
export interface Peer {
  /** An IP address. */
  readonly address: string;
  readonly port: number;
}

/**
 * Watches one call. An omitted method costs nothing. The methods present when `open` returns are
 * called during the call, with this object as `this`. Keep them short.
 */
export interface CallObserver {
  /**
   * Runs what belongs to the call: on a server the handler and its interceptors, on a client its
   * interceptors and the transport. To run it in an `AsyncLocalStorage` or a tracing context, call
   * `next` there: once, before `run` returns.
   */
  run?(next: () => void): void;

  /**
   * The response headers: on a server when they go out, on a client when they arrive, with `retry`
   * those of each attempt that gets any.
   */
  onHeader?(header: Headers): void;

  /**
   * A message has gone to the transport. `bytes`: its size as it travels (compressed, if it is),
   * without framing; 0 where only the transport knows it, as in `StreamOutcome`.
   */
  onMessageSent?(bytes: number): void;

  /** A message has arrived, read or not. `bytes` as for a sent one. */
  onMessageReceived?(bytes: number): void;

  /**
   * A `send` that had to wait for the other side to read has succeeded or failed. `ms`: how long it
   * waited, in milliseconds. Waiting for a connection does not count.
   */
  onSendWait?(ms: number): void;

  /** A client with `retry` makes the call again. */
  onRetry?(retry: CallRetry): void;

  /**
   * On a server, the handler still runs although its call has ended: after a cancel, a lost
   * connection or a deadline. Called at most once per call, the service's `overrunMs` after its
   * end, and so after `onEnd`.
   */
  onOverrun?(overrun: HandlerOverrun): void;

  /**
   * The call is over. Called once for each call, after everything else but `onOverrun`. On a server
   * that is when the response has been handed over, or when the client has left; the handler may
   * still run.
   */
  onEnd?(outcome: StreamOutcome): void;
}

/** A handler that still runs although its call has ended. */
export interface HandlerOverrun {
  /** How long it has run since then, in milliseconds: the service's `overrunMs`. */
  readonly ms: number;
  /** Resolves when the handler returns or throws. Never rejects. */
  readonly ended: Promise<void>;
}

/** Another attempt at a call. */
export interface CallRetry {
  /** Which attempt it is: 2 or more. */
  readonly attempt: number;
  /** The error of the attempt before. */
  readonly error: ConnectError;
}
