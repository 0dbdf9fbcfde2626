// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { QueueBounds, WhenFull } from "../options/queues.js";
import { Overflow, type Overflowing } from "./overflow.js";

/**
 * Bytes that a queue holds by default. What a side holds for a reader that does not keep up stays,
 * with what the HTTP/2 windows hold, under 256 KiB a stream.
 */
export const DEFAULT_QUEUE_BYTES: number = 64 * 1024;

/** What a queue holds. */
export interface Held {
  readonly messages: number;
  readonly bytes: number;
}

/** How much a queue may hold, and what to do with more. */
export class Bounds {
  readonly whenFull: WhenFull;
  readonly #direction: "send" | "receive";
  readonly #maxMessages: number;
  readonly #maxBytes: number;

  constructor(direction: "send" | "receive", { maxMessages, maxBytes, whenFull }: QueueBounds) {
    const otherwise = maxMessages === undefined ? DEFAULT_QUEUE_BYTES : Number.POSITIVE_INFINITY;
    this.whenFull = whenFull ?? "wait";
    this.#direction = direction;
    this.#maxMessages = maxMessages ?? Number.POSITIVE_INFINITY;
    this.#maxBytes = maxBytes ?? otherwise;
  }

  /** Whether bytes have to be known. */
  get counted(): boolean {
    return this.#maxBytes !== Number.POSITIVE_INFINITY;
  }

  /** Whether a message of so many bytes has a place beside what is held. */
  fits({ messages, bytes }: Held, more: number): boolean {
    if (messages === 0) return true;
    return messages < this.#maxMessages && bytes + more <= this.#maxBytes;
  }

  /** Whether no other message should come. */
  full({ messages, bytes }: Held): boolean {
    return messages > 0 && (messages >= this.#maxMessages || bytes >= this.#maxBytes);
  }

  /** Whether more is held than may be. */
  over({ messages, bytes }: Held): boolean {
    return messages > 1 && (messages > this.#maxMessages || bytes > this.#maxBytes);
  }

  /** Whether so little is held that others may come again, where `full` was true before. */
  isLow({ messages, bytes }: Held): boolean {
    return messages <= Math.floor(this.#maxMessages / 2) && bytes < this.#maxBytes / 2;
  }

  /** Holds `queue` to these bounds; `undefined` if they hold its peer back instead. */
  overflowOf(queue: Overflowing): Overflow | undefined {
    return this.whenFull === "wait" ? undefined : new Overflow(this, queue);
  }

  /** The error of a message of so many bytes that has no place. */
  refusal(held: Held, more: number): ConnectError {
    const { messages, bytes } = held;
    return messages >= this.#maxMessages
      ? this.#error(`is full: ${messages} messages`, "maxMessages", this.#maxMessages)
      : this.#error(`is full: ${bytes} bytes and ${more} more`, "maxBytes", this.#maxBytes);
  }

  /** The error of more than may be held. */
  overflow({ messages, bytes }: Held): ConnectError {
    return messages > this.#maxMessages
      ? this.#error(`overflows: ${messages} messages`, "maxMessages", this.#maxMessages)
      : this.#error(`overflows: ${bytes} bytes`, "maxBytes", this.#maxBytes);
  }

  #error(fill: string, bound: keyof QueueBounds, max: number): ConnectError {
    const option = `queues.${this.#direction}.${bound}`;
    const text = `the ${this.#direction} queue ${fill}, configured ${option} is ${max}`;
    return new ConnectError(text, Code.ResourceExhausted);
  }
}
