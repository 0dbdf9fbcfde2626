// SPDX-License-Identifier: Apache-2.0
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type Http2Connection, type Http2Host, Slab } from "../../http2/index.js";

/** Memory for frames, shared by all connections. */
const slab = new Slab((bytes) => Buffer.allocUnsafeSlow(bytes));

const settled = Promise.resolve();

/**
 * How often connections write before the event loop must turn. A socket whose peer reads at once takes
 * what it gets without a turn, so that handlers which send all the time would leave none to anybody else.
 */
const WRITES_A_TURN = 16;

let writes = 0;

/** How long a peer has to close its side, once ours is closed and nothing moves, in milliseconds. */
const GOODBYE_TIMEOUT_MS = 2000;

/** What an HTTP/2 connection needs of the socket, or other stream of bytes, that it runs on. */
export class SocketHost implements Http2Host {
  readonly slab: Slab = slab;
  readonly #socket: Duplex;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  now(): number {
    return performance.now();
  }

  /**
   * Behind the promises that are settled already: what handlers answer at once leaves in one write
   * with what is due now.
   */
  defer(task: () => void): void {
    if (++writes <= WRITES_A_TURN) settled.then(() => process.nextTick(task));
    else setImmediate(afterTurn, task);
  }

  setTimer(task: () => void, ms: number): NodeJS.Timeout {
    return setTimeout(task, ms).unref();
  }

  clearTimer(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    const [first] = pieces;
    if (first && pieces.length === 1) return socket.write(first);
    let room = true;
    socket.cork();
    for (const piece of pieces) room = socket.write(piece);
    socket.uncork();
    return room;
  }

  end(): void {
    const socket = this.#socket;
    socket.end();
    // What the peer sends by now is no sign that it reads.
    let left = socket.writableLength;
    const timer = setInterval(() => {
      const before = left;
      left = socket.writableLength;
      if (left === 0 || left === before) socket.destroy();
    }, GOODBYE_TIMEOUT_MS).unref();
    socket.once("close", () => clearInterval(timer));
  }
}

function afterTurn(task: () => void): void {
  writes = 0;
  task();
}

/**
 * Feeds a connection with what its socket receives. `onBytes` hears of every read. `lost` says why
 * the connection was lost, for its calls.
 */
export function connectSocket(
  socket: Duplex,
  connection: Http2Connection,
  onBytes: () => void,
  lost: (error: Error | undefined) => string,
): void {
  let error: Error | undefined;
  if (socket instanceof Socket) socket.setNoDelay(true);
  socket.on("data", (chunk: Buffer) => {
    writes = 0;
    onBytes();
    connection.receive(chunk);
  });
  socket.on("drain", () => connection.drained());
  socket.on("error", (cause: Error) => {
    error = cause;
  });
  // TLS tells what is wrong first, and then that it is over.
  socket.on("end", () => connection.transportClosed(lost(error)));
  socket.on("close", () => connection.transportClosed(lost(error)));
}
