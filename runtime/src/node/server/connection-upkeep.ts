// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { ErrorCode, type Http2Connection } from "../../http2/index.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";

/** How long connections live. Times in milliseconds. */
export interface UpkeepOptions {
  /** 0: for ever. */
  readonly idleTimeoutMs: number;
  readonly keepAlive: { readonly intervalMs: number; readonly timeoutMs: number } | undefined;
  readonly maxConnectionAgeMs: number;
  /** For calls that are open at that age. */
  readonly maxConnectionAgeGraceMs: number;
}

/** How long a client has to answer the goodbye of a connection without calls, in milliseconds. */
const GOODBYE_TIMEOUT_MS = 5000;

/** By how much of itself the age of connections varies, so that not all are made anew at once: as in gRPC. */
const AGE_JITTER = 0.1;

const NEVER: number = Number.POSITIVE_INFINITY;

/**
 * Closes a connection that nobody uses, whose peer does not answer, or that is too old. All on one
 * timer, which a call does not touch.
 */
export class ConnectionUpkeep {
  readonly #connection: Http2Connection;
  readonly #socket: Socket;
  readonly #options: UpkeepOptions;
  readonly #oldAt: number;
  #isBusy = false;
  #idleAt: number;
  #receivedAt: number;
  #pingDueAt: number = NEVER;
  #destroyAt: number = NEVER;
  #leaving = false;
  #timer: NodeJS.Timeout | undefined;
  #armedFor: number = NEVER;

  constructor(connection: Http2Connection, socket: Socket, options: UpkeepOptions) {
    const now = performance.now();
    const { maxConnectionAgeMs } = options;
    this.#connection = connection;
    this.#socket = socket;
    this.#options = options;
    this.#oldAt = now + maxConnectionAgeMs * (1 + AGE_JITTER * (2 * Math.random() - 1));
    this.#receivedAt = now;
    this.#idleAt = this.#idleSince(now);
    this.#arm();
  }

  /** Bytes have come. */
  received(): void {
    this.#receivedAt = performance.now();
  }

  /** The connection has calls. */
  busy(): void {
    const { keepAlive } = this.#options;
    this.#isBusy = true;
    this.#idleAt = NEVER;
    if (!keepAlive) return;
    this.#pingDueAt = performance.now() + keepAlive.intervalMs;
    this.#arm();
  }

  /** The connection has no calls any more. */
  idle(): void {
    this.#isBusy = false;
    this.#pingDueAt = NEVER;
    this.#idleAt = this.#idleSince(performance.now());
    if (this.#leaving) this.#destroyAt = performance.now() + GOODBYE_TIMEOUT_MS;
    this.#arm();
  }

  /** Goes away gracefully. A peer that ignores it is cut off when its calls have ended. */
  leave(because: string): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#connection.shutdown(because);
    if (!this.#isBusy) this.#destroyAt = performance.now() + GOODBYE_TIMEOUT_MS;
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#armedFor = 0;
  }

  #idleSince(now: number): number {
    const { idleTimeoutMs } = this.#options;
    return idleTimeoutMs > 0 ? now + idleTimeoutMs : NEVER;
  }

  #arm(): void {
    const dueAt = Math.min(
      this.#destroyAt,
      this.#leaving ? NEVER : Math.min(this.#idleAt, this.#oldAt),
      this.#pingDueAt,
    );
    if (dueAt >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = dueAt;
    const ms = Math.max(1, Math.min(dueAt - performance.now(), MAX_TIMER_MS));
    this.#timer = setTimeout(() => this.#check(), ms).unref();
  }

  #check(): void {
    const now = performance.now();
    this.#armedFor = NEVER;
    if (now >= this.#destroyAt) return this.#cut("the peer ignores that the connection has ended");
    if (now >= this.#pingDueAt) this.#ping(now);
    if (!this.#leaving && now >= this.#idleAt) this.leave("idle");
    if (!this.#leaving && now >= this.#oldAt) this.#retire(now);
    this.#arm();
  }

  #retire(now: number): void {
    this.leave("max_age");
    this.#destroyAt = Math.min(this.#destroyAt, now + this.#options.maxConnectionAgeGraceMs);
  }

  /** Whoever has sent something in the meantime need not say that he is there. */
  #ping(now: number): void {
    const { keepAlive } = this.#options;
    if (!keepAlive) return;
    const { intervalMs, timeoutMs } = keepAlive;
    const quietAt = this.#receivedAt + intervalMs;
    if (quietAt > now) {
      this.#pingDueAt = quietAt;
      return;
    }
    const timer = setTimeout(() => {
      // Where the event loop was blocked, the answer may wait to be read.
      setImmediate(() => {
        if (this.#receivedAt < now) this.#cut("the peer did not answer a ping in time");
      });
    }, timeoutMs).unref();
    if (!this.#connection.ping(() => clearTimeout(timer))) clearTimeout(timer);
    this.#pingDueAt = now + intervalMs;
  }

  #cut(because: string): void {
    this.#connection.destroy(ErrorCode.NO_ERROR, because);
    this.#socket.destroy();
  }
}
