// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { markUnprocessed } from "../../client/unprocessed-error.js";
import { ConnectBackoff } from "./connect-backoff.js";
import type { ConnectTarget } from "./connect-target.js";
import { Connection, type ConnectionOwner } from "./connection.js";
import { connectionError } from "./errors.js";

/** The state of a transport's connections, with the meaning that gRPC gives it. */
export type ConnectionState = "idle" | "connecting" | "ready" | "transient-failure" | "closed";

/** A call that needs a connection. */
export interface PooledCall {
  /** Here is one that takes it. */
  start(connection: Connection): void;
  /** There is none. */
  fail(error: ConnectError): void;
}

/** The connections of a transport. Calls wait for them, and for a slot. */
export class ConnectionPool implements ConnectionOwner {
  readonly target: ConnectTarget;
  readonly #onState: (state: ConnectionState) => void;
  /** Connections that take calls, or will. */
  readonly #connections: Connection[] = [];
  /** Connections that do not any more, until their sockets are closed. */
  readonly #leaving = new Set<Connection>();
  readonly #waiting = new Set<PooledCall>();
  readonly #backoff = new ConnectBackoff();
  #lastError: (() => ConnectError) | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #state: ConnectionState = "idle";
  #closed = false;
  #onEmpty: (() => void) | undefined;

  constructor(target: ConnectTarget, onState: (state: ConnectionState) => void) {
    this.target = target;
    this.#onState = onState;
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Starts a call on a connection that has room for it, once there is one. */
  open(call: PooledCall): void {
    if (this.#closed) return call.fail(closedError());
    const connection = this.#waiting.size === 0 ? this.#pick() : undefined;
    if (connection) return call.start(connection);
    this.#waiting.add(call);
    this.#grow();
  }

  /** A call that waits does not any more. */
  leave(call: PooledCall): void {
    if (this.#waiting.delete(call) && this.#waiting.size === 0) this.#stopRetryTimer();
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
      for (const connection of [...this.#connections]) {
        if (connection.made) connection.shutdown();
        else connection.destroy();
      }
      this.#update();
    }
    return new Promise((resolve) => {
      const before = this.#onEmpty;
      this.#onEmpty = () => {
        before?.();
        resolve();
      };
      this.#tellEmpty();
    });
  }

  /** Closes all connections now. */
  destroy(): void {
    for (const connection of [...this.#connections, ...this.#leaving]) connection.destroy();
  }

  onMade(): void {
    this.#backoff.reset();
    this.#lastError = undefined;
    this.#update();
    this.onSlot();
  }

  onSlot(): void {
    if (this.#waiting.size > 0) this.#serve();
  }

  onLeaving(connection: Connection): void {
    this.#remove(connection);
    this.#update();
    if (this.#waiting.size > 0) this.#grow();
  }

  onLost(connection: Connection): void {
    this.#remove(connection);
    if (!connection.made && !this.#closed) this.#attemptFailed(() => connection.error());
    this.#update();
    if (this.#waiting.size > 0) this.#grow();
  }

  onSocketClosed(connection: Connection): void {
    this.#leaving.delete(connection);
    this.#tellEmpty();
  }

  #remove(connection: Connection): void {
    const at = this.#connections.indexOf(connection);
    if (at < 0) return;
    this.#connections.splice(at, 1);
    this.#leaving.add(connection);
  }

  /** The connection with the fewest calls, of those that take one now. */
  #pick(): Connection | undefined {
    let best: Connection | undefined;
    for (const connection of this.#connections) {
      connection.verifyIfDoubtful();
      if (!connection.canRequest) continue;
      if (best === undefined || connection.openStreams < best.openStreams) best = connection;
    }
    return best;
  }

  #serve(): void {
    for (const call of this.#waiting) {
      const connection = this.#pick();
      if (!connection) return this.#grow();
      this.#waiting.delete(call);
      call.start(connection);
    }
    this.#stopRetryTimer();
  }

  /** Calls wait: one more connection, if there may be one. */
  #grow(): void {
    if (this.#closed) return;
    const connections = this.#connections;
    const takesMore = connections.length < this.target.maxConnections;
    if (!takesMore || connections.some(isComing)) return;
    const wait = this.#backoff.remainingMs;
    if (wait === 0) this.#attempt();
    else if (connections.length > 0 || this.#backoff.isShort) this.#attemptIn(wait);
    else if (this.#lastError) this.#failWaiting(this.#lastError);
  }

  #attempt(): void {
    this.#stopRetryTimer();
    try {
      this.#connections.push(new Connection(this.target, this));
    } catch (thrown) {
      this.#attemptFailed(() => connectionError(thrown, this.target.url.origin));
    }
    this.#update();
  }

  /** Calls wait for it, so it keeps the process alive. */
  #attemptIn(ms: number): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined;
      if (this.#waiting.size > 0) this.#grow();
    }, Math.ceil(ms));
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
    const waiting = [...this.#waiting];
    this.#waiting.clear();
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
    if (this.#connections.some(isMade)) return "ready";
    if (this.#connections.length > 0) return "connecting";
    return this.#lastError ? "transient-failure" : "idle";
  }

  #tellEmpty(): void {
    if (this.#connections.length > 0 || this.#leaving.size > 0) return;
    const tell = this.#onEmpty;
    this.#onEmpty = undefined;
    tell?.();
  }
}

function isMade({ made }: Connection): boolean {
  return made;
}

/** Whether it will take calls soon: it is being made, or looked at. */
function isComing(connection: Connection): boolean {
  return !connection.made || connection.isVerifying;
}

function closedError(): ConnectError {
  return new ConnectError("the transport was closed", Code.Unavailable);
}
