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
   * Called before anything else happens with a call. Returns what watches it, or nothing to ignore
   * it.
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
   * The request headers: on a server those that came, on a client those that the caller gave. What
   * is set here on a client goes out with the call, in each of its attempts.
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
 * Watches one call. A method that is left out costs nothing; those present when `open` returns are
 * called, as methods, within the call. Keep them short.
 */
export interface CallObserver {
  /**
   * Runs what belongs to the call: on a server the handler and its interceptors, on a client its
   * interceptors and the transport. To be within an `AsyncLocalStorage` or a tracing context, call
   * `next` there: once, before `run` returns.
   */
  run?(next: () => void): void;

  /**
   * The response headers: on a server when they go out, on a client when they arrive, with `retry`
   * those of each attempt that has some.
   */
  onHeader?(header: Headers): void;

  /**
   * A message has gone to the transport. `bytes`: its size as it travels (compressed, if it is),
   * without framing; 0 where that is the transport's business, as in `StreamOutcome`.
   */
  onMessageSent?(bytes: number): void;

  /** A message has arrived, read or not. `bytes` as for a sent one. */
  onMessageReceived?(bytes: number): void;

  /**
   * A `send` that had to wait for the other side to read has gone or failed. `ms`: how long it
   * waited, in milliseconds. Waiting for a connection does not count.
   */
  onSendWait?(ms: number): void;

  /** A client with `retry` makes the call again. */
  onRetry?(retry: CallRetry): void;

  /**
   * The call is over. Called once for each call, after everything else. On a server that is when
   * the response has been handed over, or when the client is gone; its handler may still run.
   */
  onEnd?(outcome: StreamOutcome): void;
}

/** Another attempt at a call. */
export interface CallRetry {
  /** Which attempt it is: 2 or more. */
  readonly attempt: number;
  /** What the one before failed with. */
  readonly error: ConnectError;
}
