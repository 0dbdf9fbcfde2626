// SPDX-License-Identifier: Apache-2.0
import { afterTwoMacrotasks } from "../call/macrotask.js";
import type { RequestHead } from "./context.js";

/**
 * How long a client that does not read, or does not stop sending, is waited for once its call has
 * ended, in milliseconds. Long enough for a round trip round the world, short enough not to pile up.
 */
export const LINGER_MS = 2000;

/**
 * How long after the end of a response a client that still sends is told to stop, in milliseconds: by
 * then it has read the end, and most have stopped by themselves. Node's clients from 22 on lose what
 * they have not read of a response when the reset comes right behind it.
 */
export const STOP_DELAY_MS = 100;

/** Clients that reset what they cancel, and end nothing before. */
const RESETS_AT_ONCE = /\b(connect-stream|connect-go|grpc-go|grpc-python)\//;

/** How to wait for a reset that follows the end of a request. */
export interface HalfCloseGrace {
  /** How long, in milliseconds; 0: until `confirm` tells. */
  readonly graceMs: number;
  /** Calls `tell` when a reset would have come. Without it: in two turns of the event loop. */
  readonly confirm?: ((tell: () => void) => void) | undefined;
}

/**
 * Holds the end of a request back where it may turn out to be a cancel. Some clients, Node's among
 * them, end a request that they cancel, just before they reset it.
 */
export class HalfClose {
  readonly #head: RequestHead;
  readonly #grace: HalfCloseGrace;
  readonly #looksLike: "any end" | "an empty request" | undefined;
  #empty = true;

  /**
   * `streams`: the client sends any number of messages, so that any end may be a cancel. Where it sends
   * one, an empty request may be, unless it says its length: then the host knows.
   */
  constructor(head: RequestHead, streams: boolean, grace: HalfCloseGrace) {
    this.#head = head;
    this.#grace = grace;
    if (streams) this.#looksLike = "any end";
    else if (head.get("content-length") === undefined) this.#looksLike = "an empty request";
  }

  /** A part of the request has come. */
  received(): void {
    this.#empty = false;
  }

  /** The request has ended: calls `tell` when that is no cancel. */
  ended(tell: () => void): void {
    const suspect = this.#empty ? this.#looksLike : this.#looksLike === "any end";
    if (!suspect) return tell();
    const { graceMs, confirm } = this.#grace;
    if (graceMs > 0) setTimeout(tell, graceMs);
    else if (confirm && !RESETS_AT_ONCE.test(this.#head.get("user-agent") ?? "")) confirm(tell);
    else afterTwoMacrotasks(tell);
  }
}
