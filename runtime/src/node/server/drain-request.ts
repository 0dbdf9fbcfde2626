// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { finished, type Readable } from "node:stream";
import { isHttp2, type NodeRequest, type NodeResponse } from "../node-types.js";
import { LINGER_MS } from "./delay-half-close.js";

/** How often to ask whether the end of a response has left, in milliseconds, on a busy socket. */
const POLL_MS = 10;

/**
 * HTTP/1.1 cannot refuse the rest of a request, so it is read for a while, and then cut off. The
 * next request on the connection comes after it. A client that is slow to read its answer has the
 * time it takes, unless the call ended abruptly.
 */
export function drainRequest(
  request: IncomingMessage,
  response: ServerResponse,
  abrupt: boolean,
): void {
  const { socket } = request;
  request.resume();
  const wait = () => {
    setTimeout(() => {
      if (!request.complete || !response.writableFinished) socket.destroy();
    }, LINGER_MS).unref();
  };
  if (abrupt || response.writableFinished) wait();
  else response.once("finish", wait);
}

/**
 * Tells a client that still sends over HTTP/2 that it may stop. Not before the end of the response
 * has been packed up: nghttp2 lets a reset overtake what waits, and Node has no event for it.
 */
export function stopRequest(stream: ServerHttp2Stream): void {
  if (stream.destroyed) return;
  if (stream.state.localClose) stream.close(constants.NGHTTP2_NO_ERROR);
  else setTimeout(stopRequest, POLL_MS, stream);
}

/**
 * Takes care of the rest of a request that Connect-Node answers before its end. By itself it leaves
 * its `for await` then, which destroys the request. Over HTTP/1.1 the socket stays paused: the next
 * call on the connection waits there until Node's keep-alive timeout resets it. Over HTTP/2, a
 * client that stops sending short of its `content-length` gets a reset in place of the answer. So
 * the rest is read first, and what has not come by then, after the answer.
 * https://github.com/connectrpc/connect-es/blob/v2.1.2/packages/connect-node/src/node-universal-handler.ts
 */
export function finishRequest(request: NodeRequest, response: NodeResponse): void {
  Object.defineProperty(request, Symbol.asyncIterator, { value: () => readToEnd(request) });
  response.once("finish", () => {
    if (request.complete) return;
    if (!isHttp2(response)) return drainRequest(request as IncomingMessage, response, false);
    request.resume();
    stopRequest(response.stream);
  });
}

/** Iterates over a request. Leaving it early waits for the rest, but not for long. */
function readToEnd(request: Readable): AsyncIterableIterator<Buffer> {
  const chunks: AsyncIterator<Buffer> = request.iterator({ destroyOnReturn: false });
  return {
    next: () => chunks.next(),
    async return() {
      await chunks.return?.();
      await ended(request);
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

function ended(request: Readable): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS);
    finished(request, { writable: false }, () => {
      clearTimeout(timer);
      resolve();
    });
    request.resume();
  });
}
