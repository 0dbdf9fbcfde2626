// SPDX-License-Identifier: Apache-2.0
/// <reference lib="esnext.disposable" preserve="true" />
import type { DescMessage, Message, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { ContextValues } from "@connectrpc/connect";
import type { RecvOptions, SendOptions, StreamServiceOptions } from "../api/options.js";
import type { StreamOutcome } from "../api/outcome.js";
import type { PlayOptions, ReceiverStep, SenderStep } from "./steps.js";

/** Options of `testCall`. */
export interface TestCallOptions {
  /** Request headers. Default: those of the protocol, which is gRPC. */
  headers?: HeadersInit;

  /** Values for `context.values`, as interceptors would set them. Default: none. */
  contextValues?: ContextValues;

  /**
   * The client's deadline, in milliseconds of the call's own time, which moves with `advance`.
   * Default: none.
   */
  timeoutMs?: number;

  /**
   * Messages that the handler may send before the test asks for them with `recv`: a whole number of
   * 0 or more. Further `send` calls stay pending until then. Default: as on a connection, about 64
   * KiB of messages.
   */
  window?: number;

  /**
   * Options as for `registerXService`: interceptors, limits, `onError` and the rest; for unary RPCs
   * `onError`, `limits` and `validation`. Timeouts run in real time. Options from the schema don't
   * apply. Default: none, and `onError` does nothing, since `result` has the error.
   */
  service?: StreamServiceOptions;
}

/** The option that `testCall` requires for an RPC with initial metadata. */
export interface TestMetadata<M extends Message> {
  /** The initial metadata, a message made with `create`. It travels as a client's does. */
  metadata: M;
}

/**
 * A call of a handler in memory, driven by a test from the client's side. Its time stands still,
 * nothing is lost or late, and nothing happens unless the test or the handler does it.
 */
export interface TestCall extends AsyncDisposable {
  /** The response headers. Rejects if the call fails before they are sent. */
  readonly header: Promise<Headers>;

  /** The response trailers, at the end. Rejects if the call fails without any. */
  readonly trailer: Promise<Headers>;

  /** How the call ended, as a client sees it. Never rejects. */
  readonly outcome: Promise<StreamOutcome>;

  /**
   * How the handler ended: resolves when it returns, rejects with what it threw, as it threw it. If
   * the call fails before the handler is called, rejects with the call's error.
   */
  readonly result: Promise<void>;

  /** The client cancels. Does nothing on a call that has ended. `await using` does it, too. */
  cancel(): void;

  /** The connection is lost: `canceled` for the handler, `unavailable` for the client. */
  disconnect(): void;

  /** The server begins to shut down, and lets the call finish: `context.drainSignal` aborts. */
  drain(): void;

  /** The time allowed for the call is up, whether or not it has a `timeoutMs`. */
  expire(): void;

  /**
   * Moves the call's time on by `ms` milliseconds: its deadline, `context.timeoutMs()`, and the
   * `timeoutMs` of the handler's `recv`. Resolves when the handler has come to rest. Timers of the
   * handler's own are not part of it.
   */
  advance(ms: number): Promise<void>;

  /** Resolves when the handler waits: for the test, or for something outside such as a timer. */
  idle(): Promise<void>;

  /** The client takes no message: each `send` of the handler from now on stays pending. */
  pause(): void;

  /** The client takes messages again. */
  resume(): void;
}

/** What receives. */
interface Receiving<O extends DescMessage> {
  /**
   * The next message of the handler; `undefined` at the end. Rejects with the `ConnectError` that a
   * client gets.
   */
  recv(options?: RecvOptions): Promise<MessageShape<O> | undefined>;
}

/** What sends. */
interface Sending<I extends DescMessage> {
  /** Sends a message to the handler. */
  send(message: MessageInitShape<I>, options?: SendOptions): Promise<void>;
  /** Half-closes: the handler's `recv` gives `undefined` after the messages sent before. */
  closeSend(): Promise<void>;
}

/** A call of a unary RPC: `recv` gives the one response. */
export interface UnaryTestCall<O extends DescMessage> extends TestCall, Receiving<O> {
  /** Does all steps in their order. Rejects with a `ScriptError` at the first that fails. */
  play(steps: readonly ReceiverStep<O>[], options?: PlayOptions): Promise<void>;
}

/** A call of a server-streaming RPC. Leaving a `for await` early cancels it. */
export interface ServerStreamingTestCall<O extends DescMessage>
  extends UnaryTestCall<O>,
    AsyncIterable<MessageShape<O>> {}

/** A call of a client-streaming RPC: `recv` gives the one response. */
export interface ClientStreamingTestCall<I extends DescMessage, O extends DescMessage>
  extends TestCall,
    Receiving<O>,
    Sending<I> {
  /** Does all steps in their order. Rejects with a `ScriptError` at the first that fails. */
  play(steps: readonly (ReceiverStep<O> | SenderStep<I>)[], options?: PlayOptions): Promise<void>;
}

/** A call of a bidirectional RPC. Leaving a `for await` early cancels it. */
export interface BidiStreamingTestCall<I extends DescMessage, O extends DescMessage>
  extends ClientStreamingTestCall<I, O>,
    AsyncIterable<MessageShape<O>> {}
