// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { ErrorCode, type Http2Connection } from "../../http2/index.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import { IdleLimit } from "../http2/idle-limit.js";
import { Keepalive } from "../http2/keepalive.js";

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

/** Closes a connection that nobody uses, whose peer does not answer, or that is too old. */
export class ConnectionUpkeep {
  readonly #connection: Http2Connection;
  readonly #socket: Socket;
  readonly #keepalive: Keepalive | undefined;
  readonly #idle: IdleLimit;
  #leaving = false;
  #ageTimer: NodeJS.Timeout | undefined;
  #goodbyeTimer: NodeJS.Timeout | undefined;

  constructor(connection: Http2Connection, socket: Socket, options: UpkeepOptions) {
    const { keepAlive, idleTimeoutMs } = options;
    this.#connection = connection;
    this.#socket = socket;
    this.#keepalive =
      keepAlive &&
      new Keepalive(connection, { ...keepAlive, idle: false }, () =>
        this.#cut("the peer did not answer a PING in time"),
      );
    this.#idle = new IdleLimit(idleTimeoutMs > 0 ? idleTimeoutMs : Number.POSITIVE_INFINITY, () =>
      this.leave("idle"),
    );
    this.#idle.begin();
    this.#limitAge(options);
  }

  /** Bytes have come. */
  received(): void {
    this.#keepalive?.heard();
  }

  /** The connection has calls: those that were on their way when it said goodbye, too. */
  busy(): void {
    this.#idle.end();
    clearTimeout(this.#goodbyeTimer);
  }

  /** The connection has no calls any more. */
  idle(): void {
    if (this.#leaving) this.#awaitGoodbye();
    else this.#idle.begin();
  }

  /** Goes away gracefully. A peer that ignores it is cut off when its calls have ended. */
  leave(because: string): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#connection.shutdown(because);
    if (this.#connection.openStreams === 0) this.#awaitGoodbye();
  }

  stop(): void {
    this.#keepalive?.stop();
    this.#idle.stop();
    clearTimeout(this.#ageTimer);
    clearTimeout(this.#goodbyeTimer);
  }

  #limitAge({ maxConnectionAgeMs, maxConnectionAgeGraceMs }: UpkeepOptions): void {
    if (maxConnectionAgeMs === Number.POSITIVE_INFINITY) return;
    const retire = () => {
      this.leave("max_age");
      if (maxConnectionAgeGraceMs === Number.POSITIVE_INFINITY) return;
      const cut = () => this.#cut("the connection is past its maximum age");
      this.#ageTimer = setTimeout(cut, maxConnectionAgeGraceMs).unref();
    };
    const age = maxConnectionAgeMs * (1 + AGE_JITTER * (2 * Math.random() - 1));
    this.#ageTimer = setTimeout(retire, Math.min(age, MAX_TIMER_MS)).unref();
  }

  #awaitGoodbye(): void {
    clearTimeout(this.#goodbyeTimer);
    const cut = () => this.#cut("the peer did not close the connection after GOAWAY");
    this.#goodbyeTimer = setTimeout(cut, GOODBYE_TIMEOUT_MS).unref();
  }

  #cut(because: string): void {
    this.#connection.destroy(ErrorCode.NO_ERROR, because);
    this.#socket.destroy();
  }
}
