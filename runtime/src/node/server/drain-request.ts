// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type ServerHttp2Stream } from "node:http2";
import { LINGER_MS } from "../../server/half-close.js";

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
