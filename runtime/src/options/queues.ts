// SPDX-License-Identifier: Apache-2.0
import { type Group, valueThat, wholeFrom } from "./declare.js";

/**
 * What becomes of a message for which a queue has no room:
 * - `wait`: it waits for room. A `send` stays pending; a peer that sends is held back.
 * - `fail`: to send, its `send` rejects with `resource_exhausted`, and the stream goes on. To
 *   receive, the call ends with `resource_exhausted`.
 * - `drop-oldest`: the message that has waited longest is dropped and counted, as often as it takes.
 */
export type WhenFull = "wait" | "fail" | "drop-oldest";

/** How much a queue holds. One message always fits, however large it is. */
export interface QueueBounds {
  /** Messages: 1 to 4294967295. Default: any number. */
  maxMessages?: number | undefined;

  /**
   * Bytes of these messages, without framing, 1 or more. To send: serialized, before compression.
   * To receive: as they travel. Default: any number if `maxMessages` is set, otherwise 64 KiB.
   */
  maxBytes?: number | undefined;

  /** What to do when there is no room. Default: `wait`. */
  whenFull?: WhenFull | undefined;
}

/**
 * Queues of a stream, on either side. A direction in which an RPC has but one message has none: the
 * request of a server-streaming one, and the response of a client-streaming one.
 *
 * Invalid settings throw a `RangeError` where they are set.
 */
export interface StreamQueues {
  /**
   * Messages that were sent, and that flow control does not let out yet. With it, `send` resolves
   * as soon as its message has a place there. Default: none, `send` resolves when flow control
   * accepts the message.
   */
  send?: QueueBounds | undefined;

  /**
   * Messages that have arrived, and that nobody has read. `fail` and `drop-oldest` count what is
   * left at the end of a turn of the event loop, and leave alone what has arrived with the end of
   * the stream. Default: 64 KiB, then the peer is held back.
   */
  receive?: QueueBounds | undefined;
}

/** What waits in one direction of a stream, and what did not wait long enough. */
export interface QueueFill {
  /** Messages that wait. */
  readonly messages: number;
  /** Bytes of these messages, counted as {@link QueueBounds.maxBytes} says. */
  readonly bytes: number;
  /** Messages dropped so far, because there was no room. */
  readonly dropped: number;
}

/** What waits in both directions of a stream. */
export interface QueueFills {
  /** What this side sent, and flow control has not let out: with the sends that are pending. */
  readonly send: QueueFill;
  /** What has arrived, and was not read. */
  readonly receive: QueueFill;
}

const whenFull: readonly unknown[] = ["wait", "fail", "drop-oldest"] satisfies WhenFull[];

const bounds: Group<keyof QueueBounds> = {
  settings: {
    maxMessages: wholeFrom(1, 2 ** 32 - 1),
    maxBytes: wholeFrom(1, Number.MAX_SAFE_INTEGER),
    whenFull: valueThat(whenFull.join(", "), (value) => whenFull.includes(value)),
  },
};

/** Queues of a stream: those of a direction that has one message have no effect. */
export const queues: Group<keyof StreamQueues> = {
  needs: "stream",
  settings: {
    send: { ...bounds, needs: "sent stream" },
    receive: { ...bounds, needs: "received stream" },
  },
};
