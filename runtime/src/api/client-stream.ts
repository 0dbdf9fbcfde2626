// SPDX-License-Identifier: Apache-2.0
/// <reference lib="esnext.disposable" preserve="true" />
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { QueueFills } from "../options/queues.js";
import type { RecvOptions, SendOptions } from "./options.js";
import type { StreamOutcome } from "./outcome.js";

/** What every client stream has. The client's view. */
export interface ClientStream extends AsyncDisposable {
  /** The response headers, when they arrive. Rejects if the call fails before that. */
  readonly header: Promise<Headers>;

  /** The response trailers, at the end of the stream. Rejects if the call fails without any. */
  readonly trailer: Promise<Headers>;

  /** How the stream ended. Never rejects. */
  readonly outcome: Promise<StreamOutcome>;

  /**
   * Abandons the call and frees what it holds. The server sees a cancel, and pending promises reject
   * with `canceled`. Does nothing on a stream that has ended. Also called by `await using`.
   */
  close(): void;
}

/**
 * The client's side of a server-streaming RPC: receives messages. `for await` reads the same
 * messages as `recv`; leaving the loop early closes the call.
 */
export interface ServerStreamingClient<O extends DescMessage>
  extends ClientStream,
    AsyncIterable<MessageShape<O>> {
  /** How much has arrived and is unread: a snapshot, cheap to read. */
  readonly queued: Pick<QueueFills, "receive">;

  /**
   * Receives the next message; `undefined` at the end of the stream, and again at each later call.
   * Rejects with a `ConnectError` if the stream failed, after the messages that came before.
   * Concurrent calls get their messages in order.
   */
  recv(options?: RecvOptions): Promise<MessageShape<O> | undefined>;
}

/**
 * The client's side of a client-streaming RPC: sends any number of messages, then takes the one
 * response with `closeAndRecv`.
 */
export interface ClientStreamingClient<I extends DescMessage, O extends DescMessage>
  extends ClientStream {
  /** How much was sent and waits for flow control: a snapshot, cheap to read. */
  readonly queued: Pick<QueueFills, "send">;

  /**
   * Sends a message. Resolves when flow control accepts the message, not when it is delivered; with
   * `queues.send`, when the message has a place in the queue. Messages leave in the order of the
   * calls, awaited or not. Rejects once the server has ended the call: with the server's error, or
   * with one that says that the stream has ended.
   */
  send(message: MessageInitShape<I>, options?: SendOptions): Promise<void>;

  /** Half-closes, then waits for the one response. Rejects with the server's error. */
  closeAndRecv(): Promise<MessageShape<O>>;
}

/**
 * The client's side of a bidirectional RPC: sends and receives in any order, also at the same
 * time. `for await` reads the same messages as `recv`; leaving the loop early closes the call.
 */
export interface BidiStreamingClient<I extends DescMessage, O extends DescMessage>
  extends ServerStreamingClient<O> {
  /** How much waits in each direction: a snapshot, cheap to read. */
  readonly queued: QueueFills;

  /** Sends a message, as {@link ClientStreamingClient.send} does. */
  send(message: MessageInitShape<I>, options?: SendOptions): Promise<void>;

  /**
   * Half-closes: tells the server that no message follows. Messages can still be received.
   * Resolves when flow control has accepted all messages before it. Idempotent.
   */
  closeSend(): Promise<void>;
}
