// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { QueueFills } from "../options/queues.js";
import type { StreamContext } from "./context.js";
import type { RecvOptions, SendOptions } from "./options.js";

/** What every server stream has. The server's view. */
export interface ServerStream {
  /**
   * Headers, trailers, deadline and values of the call. `context.signal` aborts when the client
   * cancels, the deadline passes, the connection is lost or the server is forced to stop; it does
   * not abort because the call succeeded. `context.drainSignal` aborts when the server begins to
   * shut down; the call may still finish.
   */
  readonly context: StreamContext;

  /**
   * Sends the response headers now, instead of with the first message. Does nothing if they have
   * been sent; later changes to `context.responseHeader` have no effect.
   */
  sendHeaders(): void;
}

/**
 * The server's side of a server-streaming RPC: sends any number of messages. The stream ends when
 * the handler returns.
 */
export interface ServerStreamingServer<O extends DescMessage> extends ServerStream {
  /** How much was sent and waits for flow control: a snapshot, cheap to read. */
  readonly queued: Pick<QueueFills, "send">;

  /**
   * Sends a message. Resolves when flow control accepts the message, not when it is delivered; with
   * `queues.send`, when the message has a place in the queue. Messages leave in the order of the
   * calls, awaited or not.
   *
   * Rejects with a `ConnectError`: `canceled` when the client has left, `deadline_exceeded` when
   * the time is up, `resource_exhausted` when the message is larger than `writeMaxBytes` or when
   * its queue is full and set to `fail`.
   */
  send(message: MessageInitShape<O>, options?: SendOptions): Promise<void>;
}

/**
 * The server's side of a client-streaming RPC: receives to the end of the stream, then answers
 * with one message. `for await` reads the same messages as `recv`.
 */
export interface ClientStreamingServer<I extends DescMessage, O extends DescMessage>
  extends ServerStream,
    AsyncIterable<MessageShape<I>> {
  /** How much has arrived and is unread: a snapshot, cheap to read. */
  readonly queued: Pick<QueueFills, "receive">;

  /**
   * Receives the next message; `undefined` at the end of the stream, and again at each later call.
   * The end means that the client half-closed. If the client cancels or disconnects, `recv` rejects
   * with `canceled`. Concurrent calls get their messages in order.
   */
  recv(options?: RecvOptions): Promise<MessageShape<I> | undefined>;

  /**
   * Sends the one response. Call it exactly once: a second call rejects, and a handler that returns
   * without it fails the call with `internal`. Settles and fails like `send`.
   */
  sendAndClose(message: MessageInitShape<O>): Promise<void>;
}

/**
 * The server's side of a bidirectional RPC: receives and sends in any order, also at the same
 * time. The stream ends when the handler returns. `for await` reads the same messages as `recv`.
 */
export interface BidiStreamingServer<I extends DescMessage, O extends DescMessage>
  extends ServerStreamingServer<O>,
    AsyncIterable<MessageShape<I>> {
  /** How much waits in each direction: a snapshot, cheap to read. */
  readonly queued: QueueFills;

  /** Receives the next message, as {@link ClientStreamingServer.recv} does. */
  recv(options?: RecvOptions): Promise<MessageShape<I> | undefined>;
}
