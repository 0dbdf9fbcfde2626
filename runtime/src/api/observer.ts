// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "./outcome.js";

/**
 * Watches calls, those of unary RPCs too: the option `observer` of services and clients. For more
 * than one observer see `combineObservers`.
 *
 * What an observer throws changes nothing for the call. The first thing that each observer throws
 * is printed to standard error.
 */
export interface RpcObserver {
  /**
   * Told of a call before anything else happens with it. What it returns is told of the call's
   * course; nothing is told of a call for which it returns nothing.
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
   * The protocol. `undefined` on a client whose transport does not tell: those of
   * `createStreamTransport` do.
   */
  readonly protocol: "grpc" | "grpc-web" | "connect" | undefined;

  /**
   * Where the call goes, or on a server, what the client asked for: scheme, host and path.
   * `undefined` on a client whose transport does not tell.
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
 * Watches one call. Every method may be left out, and costs nothing then: have those that you need
 * when `open` returns. They are called as methods, within the call: keep them short.
 */
export interface CallObserver {
  /**
   * Runs what belongs to the call: on a server the handler and its interceptors, on a client its
   * interceptors and the transport. To be within an `AsyncLocalStorage` or a tracing context, call
   * `next` there. It is to be called once, before `run` returns.
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
   * A `send` had to wait because the other side did not read, and has gone or failed. `ms`: how
   * long that took, in milliseconds. To wait for a connection is not meant.
   */
  onSendWait?(ms: number): void;

  /** A client with `retry` makes the call again. */
  onRetry?(retry: CallRetry): void;

  /**
   * The call is over. Called once for each call, after everything else. On a server that is when
   * the response has been handed over, or when the client is gone; its handler may yet run.
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
