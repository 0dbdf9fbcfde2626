// SPDX-License-Identifier: Apache-2.0

import type { ConnectError, Transport } from "@connectrpc/connect";
import { Queued } from "../../linked-queue.js";
import { assertInteger } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import type { ConnectTarget } from "./connect-target.js";
import { ConnectionPool, type ConnectionState, type PooledCall } from "./connection-pool.js";

/** How long open calls may go on when a transport is closed, in milliseconds: as with `serve`. */
const DEFAULT_GRACE_MS = 10_000;

/** A Connect transport over HTTP/2 that shows, makes and closes its connections. */
export interface StreamTransport extends Transport {
  /**
   * The state of its connections, with gRPC's meaning. `idle`: there is none; `connecting`: the first
   * one is being made; `ready`: there is one; `transient-failure`: the last attempt failed, and the
   * next one waits for a call and its time; `closed`: by `close`.
   */
  readonly state: ConnectionState;

  /** Calls `listener` with each new state. Returns a function that stops it. */
  onStateChange(listener: (state: ConnectionState) => void): () => void;

  /**
   * Connects now if there is no connection, without waiting for the backoff. Resolves when there is
   * one; rejects with the `ConnectError` of the attempt.
   */
  connect(): Promise<void>;

  /**
   * Closes all connections. New calls fail with `unavailable`; open ones may go on for `graceMs`
   * (default: 10 seconds), and then fail. Resolves when all connections are closed; rejects with a
   * `RangeError` for an invalid `graceMs`. May be called again, with another `graceMs`.
   */
  close(options?: { graceMs?: number }): Promise<void>;
}

/** The connections of one transport, and who listens to their state. */
export class TransportConnections {
  readonly pool: ConnectionPool;
  readonly #listeners = new Set<(state: ConnectionState) => void>();

  constructor(target: ConnectTarget) {
    this.pool = new ConnectionPool(target, (state) => {
      // Not from within a connection's events: what a listener throws is the listener's own.
      for (const listener of this.#listeners) process.nextTick(listener, state);
    });
  }

  /** `transport` with what can be done with its connections. */
  extend(transport: Transport): StreamTransport {
    const { pool } = this;
    return Object.defineProperty(
      Object.assign(transport, {
        state: pool.state,
        onStateChange: (listener: (state: ConnectionState) => void) => this.#listen(listener),
        connect: () => this.#connect(),
        close: ({ graceMs }: { graceMs?: number } = {}) => this.#close(graceMs),
      }),
      "state",
      { get: () => pool.state },
    );
  }

  #listen(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #connect(): Promise<void> {
    const { pool } = this;
    if (pool.state === "ready") return Promise.resolve();
    pool.resetBackoff();
    return new Promise((resolve, reject) => pool.open(new ConnectWaiter(resolve, reject)));
  }

  async #close(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    assertInteger("graceMs", graceMs, 0, MAX_TIMER_MS);
    const { pool } = this;
    const timer = setTimeout(() => pool.destroy(), graceMs);
    await pool.close();
    clearTimeout(timer);
  }
}

/** Waits for a connection as a call does, and makes no request on it. */
class ConnectWaiter extends Queued<PooledCall> implements PooledCall {
  readonly start: () => void;
  readonly fail: (error: ConnectError) => void;

  constructor(resolve: () => void, reject: (error: ConnectError) => void) {
    super();
    this.start = resolve;
    this.fail = reject;
  }
}
