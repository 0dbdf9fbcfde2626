// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { markUnprocessed } from "../../client/unprocessed-error.js";
import { LinkedQueue, type Queued } from "../../linked-queue.js";
import { Addresses } from "./addresses.js";
import { ConnectBackoff } from "./connect-backoff.js";
import type { ConnectTarget } from "./connect-target.js";
import { Connection, type ConnectionOwner } from "./connection.js";
import { ConnectionList } from "./connection-list.js";
import { hostOf } from "./dial.js";
import { connectionError } from "./errors.js";

/** The state of a transport's connections, with the meaning that gRPC gives it. */
export type ConnectionState = "idle" | "connecting" | "ready" | "transient-failure" | "closed";

/** A call that needs a connection. */
export interface PooledCall extends Queued<PooledCall> {
  /** Here is one that takes it. */
  start(connection: Connection): void;
  /** There is none. */
  fail(error: ConnectError): void;
}

/** The connections of a transport. Calls wait for them, and for a slot. */
export class ConnectionPool implements ConnectionOwner {
  readonly target: ConnectTarget;
  readonly #onState: (state: ConnectionState) => void;
  readonly #connections: ConnectionList;
  readonly #waiting = new LinkedQueue<PooledCall>();
  readonly #backoff = new ConnectBackoff();
  /** Where there is a connection to each. */
  readonly #addresses: Addresses | undefined;
  #lastError: (() => ConnectError) | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #state: ConnectionState = "idle";
  #closed = false;

  constructor(target: ConnectTarget, onState: (state: ConnectionState) => void) {
    this.target = target;
    this.#onState = onState;
    this.#connections = new ConnectionList(target.isRoundRobin);
    this.#addresses = target.isRoundRobin
      ? new Addresses(hostOf(target.url), target.lookup)
      : undefined;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Starts a call on a connection that has room for it, once there is one. */
  open(call: PooledCall): void {
    if (this.#closed) return call.fail(closedError());
    const connection = this.#waiting.length === 0 ? this.#pick() : undefined;
    if (connection) return call.start(connection);
    this.#waiting.push(call);
    this.#grow();
  }

  /** A call that waits does not any more. */
  leave(call: PooledCall): void {
    call.queue?.remove(call);
    if (!this.#needsMore()) this.#stopRetryTimer();
  }

  /** The next attempt may be made at once. */
  resetBackoff(): void {
    this.#backoff.reset();
  }

  /** Takes no new calls. Resolves when those that are open have ended, and all sockets are closed. */
  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = true;
      this.#failWaiting(closedError);
      for (const connection of this.#connections.all) {
        if (connection.made) connection.shutdown();
        else connection.destroy();
      }
      this.#update();
    }
    return this.#connections.empty();
  }

  /** Closes all connections now. */
  destroy(): void {
    for (const connection of this.#connections.all) connection.destroy();
  }

  onMade(): void {
    this.#backoff.reset();
    this.#lastError = undefined;
    this.#update();
    this.onSlot();
    this.#grow();
  }

  onSlot(): void {
    if (this.#waiting.length > 0) this.#serve();
  }

  onLeaving(connection: Connection): void {
    this.#connections.leave(connection);
    this.#update();
    this.#grow();
  }

  onLost(connection: Connection): void {
    this.#connections.leave(connection);
    if (!connection.made && !this.#closed) this.#attemptFailed(() => connection.error());
    this.#update();
    this.#grow();
  }

  onSocketClosed(connection: Connection): void {
    this.#connections.closed(connection);
  }

  #pick(): Connection | undefined {
    if (this.#connections.length > 0) this.#addresses?.refresh(() => this.#grow());
    return this.#connections.pick();
  }

  #serve(): void {
    for (let call = this.#waiting.first; call; call = this.#waiting.first) {
      const connection = this.#pick();
      if (!connection) return this.#grow();
      this.#waiting.remove(call);
      call.start(connection);
    }
    if (!this.#needsMore()) this.#stopRetryTimer();
  }

  /** One more connection, if one is needed and there may be one. */
  #grow(): void {
    const connections = this.#connections;
    if (this.#closed || !this.#needsMore()) return;
    const takesMore = connections.length < this.target.maxConnections;
    if (!takesMore || connections.hasComing) return;
    const wait = this.#backoff.remainingMs;
    if (wait === 0) this.#attempt();
    else if (connections.length > 0 || this.#backoff.isShort) this.#attemptIn(wait);
    else if (this.#lastError) this.#failWaiting(this.#lastError);
  }

  /** Calls wait, or there are addresses without a connection. */
  #needsMore(): boolean {
    if (this.#waiting.length > 0) return true;
    const { length } = this.#connections;
    return length > 0 && length < (this.#addresses?.count ?? 0);
  }

  #attempt(): void {
    this.#stopRetryTimer();
    try {
      this.#connections.add(new Connection(this.target, this, this.#addresses));
    } catch (thrown) {
      this.#attemptFailed(() => connectionError(thrown, this.target.url.origin));
    }
    this.#update();
  }

  /** Keeps the process alive if there is no connection that calls which wait could have. */
  #attemptIn(ms: number): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      this.#grow();
    }, Math.ceil(ms));
    if (this.#connections.length > 0) this.#retryTimer.unref();
    else this.#retryTimer.ref();
  }

  #stopRetryTimer(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }

  #attemptFailed(error: () => ConnectError): void {
    this.#backoff.failed();
    this.#lastError = error;
    if (this.#connections.length === 0) this.#failWaiting(error);
  }

  #failWaiting(error: () => ConnectError): void {
    this.#stopRetryTimer();
    const waiting = this.#waiting.list();
    for (const call of waiting) this.#waiting.remove(call);
    for (const call of waiting) call.fail(markUnprocessed(error()));
  }

  #update(): void {
    const state = this.#stateNow();
    if (state === this.#state) return;
    this.#state = state;
    this.#onState(state);
  }

  #stateNow(): ConnectionState {
    if (this.#closed) return "closed";
    if (this.#connections.hasMade) return "ready";
    if (this.#connections.length > 0) return "connecting";
    return this.#lastError ? "transient-failure" : "idle";
  }
}

function closedError(): ConnectError {
  return new ConnectError("the transport was closed", Code.Unavailable);
}
