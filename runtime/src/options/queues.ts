// SPDX-License-Identifier: Apache-2.0
import { type Group, valueThat, wholeFrom } from "./declare.js";

/**
 * What happens to a message that finds its queue full:
 * - `wait`: it waits for room. A `send` stays pending; a peer that sends is held back.
 * - `fail`: a message to send makes its `send` reject with `resource_exhausted`, and the stream
 *   goes on. A message to receive ends the call with `resource_exhausted`.
 * - `drop-oldest`: the messages that have waited longest are dropped, and counted, until there is
 *   room.
 */
export type WhenFull = "wait" | "fail" | "drop-oldest";

/** How much a queue holds. One message always fits, however large it is. */
export interface QueueBounds {
  /** How many messages: 1 to 4294967295. Default: any number. */
  maxMessages?: number | undefined;

  /**
   * How many bytes these messages may have, without framing: 1 or more. To send: serialized, before
   * compression. To receive: as they travel. Default: any number if `maxMessages` is set, otherwise
   * 64 KiB.
   */
  maxBytes?: number | undefined;

  /** What to do when there is no room. Default: `wait`. */
  whenFull?: WhenFull | undefined;
}

/**
 * Queues of a stream, on either side. A direction with a single message has no queue: the request
 * of a server-streaming RPC, the response of a client-streaming RPC.
 *
 * Invalid settings throw a `RangeError` where they are set.
 */
export interface StreamQueues {
  /**
   * Messages that were sent and wait for flow control. With this queue, `send` resolves as soon as
   * its message has a place in it. Default: no queue, and `send` resolves when flow control accepts
   * the message.
   */
  send?: QueueBounds | undefined;

  /**
   * Messages that have arrived and are unread. `fail` and `drop-oldest` count what is left at the
   * end of a turn of the event loop. They leave alone what has arrived together with the end of the
   * stream. Default: 64 KiB, then the peer is held back.
   */
  receive?: QueueBounds | undefined;
}

/** How much waits in one direction of a stream, and how much was dropped. */
export interface QueueFill {
  /** Messages that wait. */
  readonly messages: number;
  /** Bytes of these messages, counted as {@link QueueBounds.maxBytes} says. */
  readonly bytes: number;
  /** Messages dropped so far because the queue was full. */
  readonly dropped: number;
}

/** How much waits in each direction of a stream. */
export interface QueueFills {
  /** Messages that were sent and wait for flow control, those of pending sends included. */
  readonly send: QueueFill;
  /** Messages that have arrived and are unread. */
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
