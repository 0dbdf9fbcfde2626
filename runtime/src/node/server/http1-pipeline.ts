// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { isHttp2, type NodeListener } from "../node-types.js";

/**
 * Calls that one connection may have open. As in Go: enough for one client, too little for one to
 * exhaust the server.
 * https://pkg.go.dev/golang.org/x/net/http2#Server (MaxConcurrentStreams)
 */
export const DEFAULT_MAX_CALLS = 250;

/**
 * Serves the requests of one HTTP/1.1 connection one after the other, as HTTP asks for methods that
 * are not safe. Responses leave in that order in any case, and Node.js 20 and 22 tell only the first
 * request that its connection is lost. A connection that has more than `maxOpen` requests open at
 * once is closed, and so is one whose waiting requests are larger than Node buffers: held back instead,
 * nobody would notice that its client leaves.
 * https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 */
export function serveInOrder(listener: NodeListener, maxOpen: number): NodeListener {
  const pipelines = new WeakMap<Socket, Pipeline>();
  return (request, response) => {
    // Node gives a response its socket when all responses before it have left.
    if (isHttp2(response) || response.socket) return listener(request, response);
    const { socket } = request as IncomingMessage;
    const pipeline = pipelines.get(socket) ?? new Pipeline(socket, maxOpen);
    pipelines.set(socket, pipeline);
    pipeline.wait(response, () => listener(request, response));
  };
}

/** The requests of one connection that wait for another to be answered. */
class Pipeline {
  readonly #socket: Socket;
  readonly #maxOpen: number;
  #waiting = 0;

  constructor(socket: Socket, maxOpen: number) {
    this.#socket = socket;
    this.#maxOpen = maxOpen;
    // Node pauses a connection for a body that nobody reads yet. A response that waits for its reader
    // has it paused, too, and notices by itself when that leaves.
    socket.on("pause", () => {
      if (this.#waiting > 0 && !socket.writableNeedDrain) socket.destroy();
    });
  }

  /** Runs `serve` when it is the turn of `response`. If the connection is lost before that: never. */
  wait(response: ServerResponse, serve: () => void): void {
    if (this.#socket.destroyed) return;
    // The one that is served counts, too.
    if (++this.#waiting >= this.#maxOpen) {
      this.#socket.destroy();
      return;
    }
    response.once("socket", () => {
      this.#waiting--;
      serve();
    });
  }
}
