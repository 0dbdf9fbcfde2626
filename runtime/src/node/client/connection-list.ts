// SPDX-License-Identifier: Apache-2.0
import type { Connection } from "./connection.js";

/** The connections of a transport, and which of them takes the next call. */
export class ConnectionList {
  /** Those that take calls, or will. */
  readonly #connections: Connection[] = [];
  /** Those that do not any more, until their sockets are closed. */
  readonly #leaving = new Set<Connection>();
  readonly #takesTurns: boolean;
  /** From which connection on to look for the one with the fewest calls. */
  #turn = 0;
  #onEmpty: (() => void)[] = [];

  /** `takesTurns`: of connections with as few calls as others, another one is taken each time. */
  constructor(takesTurns: boolean) {
    this.#takesTurns = takesTurns;
  }

  /** How many take calls, or will. */
  get length(): number {
    return this.#connections.length;
  }

  /** Whether one has been made. */
  get hasMade(): boolean {
    return this.#connections.some(isMade);
  }

  /** Whether one will take calls soon: it is being made, or looked at. */
  get hasComing(): boolean {
    return this.#connections.some(isComing);
  }

  /** All of them, those that take no more calls included. */
  get all(): readonly Connection[] {
    return [...this.#connections, ...this.#leaving];
  }

  add(connection: Connection): void {
    this.#connections.push(connection);
  }

  /** It takes no more calls. */
  leave(connection: Connection): void {
    const at = this.#connections.indexOf(connection);
    if (at < 0) return;
    this.#connections.splice(at, 1);
    this.#leaving.add(connection);
  }

  /** Its socket is closed. */
  closed(connection: Connection): void {
    this.#leaving.delete(connection);
    this.#tellEmpty();
  }

  /** The connection with the fewest calls, of those that take one now. */
  pick(): Connection | undefined {
    const { length } = this;
    if (this.#takesTurns && length > 0) this.#turn = (this.#turn + 1) % length;
    let best: Connection | undefined;
    for (let i = 0; i < length; i++) {
      const connection = this.#connections[(this.#turn + i) % length] as Connection;
      connection.verifyIfDoubtful();
      if (!connection.canRequest) continue;
      if (best === undefined || connection.openStreams < best.openStreams) best = connection;
    }
    return best;
  }

  /** Resolves when there is none any more. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty.push(resolve);
      this.#tellEmpty();
    });
  }

  #tellEmpty(): void {
    if (this.#connections.length > 0 || this.#leaving.size > 0) return;
    for (const tell of this.#onEmpty.splice(0)) tell();
  }
}

function isMade({ made }: Connection): boolean {
  return made;
}

function isComing(connection: Connection): boolean {
  return !connection.made || connection.isVerifying;
}
