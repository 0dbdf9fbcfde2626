// SPDX-License-Identifier: Apache-2.0
import type { Http2Connection } from "../../http2/index.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";

/** When connections are pinged. */
export interface KeepaliveSettings {
  /** Infinite: never. May change. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Whether to ping without calls, too. */
  readonly idle: boolean;
}

/** What it takes of a connection to ping it. */
export type PingedConnection = Pick<Http2Connection, "openStreams" | "closed" | "ping">;

/**
 * Pings a connection on which nothing has come for a while.
 * https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#basic-keepalive
 */
export class Keepalive {
  readonly #connection: PingedConnection;
  readonly #settings: KeepaliveSettings;
  readonly #onDead: () => void;
  #heardAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #pinging = false;
  #waiting: (() => void)[] = [];

  constructor(connection: PingedConnection, settings: KeepaliveSettings, onDead: () => void) {
    this.#connection = connection;
    this.#settings = settings;
    this.#onDead = onDead;
    this.#arm(settings.intervalMs);
  }

  /** Whether it is so long since something came that it takes a ping to know that the peer is there. */
  get isDoubtful(): boolean {
    const { intervalMs } = this.#settings;
    return intervalMs !== Number.POSITIVE_INFINITY && this.#quietMs >= intervalMs;
  }

  /** Something came. */
  heard(): void {
    if (this.#settings.intervalMs !== Number.POSITIVE_INFINITY) this.#heardAt = performance.now();
  }

  /** Pings now, and calls `onAlive` when something comes. */
  verify(onAlive: () => void): void {
    this.#waiting.push(onAlive);
    if (!this.#pinging) this.#ping();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#waiting = [];
  }

  get #quietMs(): number {
    return performance.now() - this.#heardAt;
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    if (ms <= MAX_TIMER_MS) this.#timer = setTimeout(() => this.#onInterval(), ms).unref();
  }

  #onInterval(): void {
    const { intervalMs, idle } = this.#settings;
    const left = intervalMs - this.#quietMs;
    if (left > 0) this.#arm(left);
    else if (this.#connection.openStreams === 0 && !idle) this.#arm(intervalMs);
    else this.#ping();
  }

  #ping(): void {
    this.#pinging = true;
    const sentAt = performance.now();
    this.#connection.ping(() => this.#onAlive());
    clearTimeout(this.#timer);
    const { timeoutMs } = this.#settings;
    if (timeoutMs > MAX_TIMER_MS) return;
    this.#timer = setTimeout(() => this.#onTimeout(sentAt), timeoutMs).unref();
  }

  /** What has come while the event loop was held up is read before the look that counts. */
  #onTimeout(sentAt: number): void {
    setImmediate(() => {
      if (this.#connection.closed || !this.#pinging) return;
      if (this.#heardAt > sentAt) this.#onAlive();
      else this.#onDead();
    });
  }

  #onAlive(): void {
    if (!this.#pinging || this.#connection.closed) return;
    this.#pinging = false;
    this.#arm(this.#settings.intervalMs);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }
}
