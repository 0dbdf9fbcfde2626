// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage, ServerResponse } from "node:http";
import { isHttp2, type NodeResponse } from "../node-types.js";
import { stopRequest } from "./drain-request.js";

/**
 * Answers a request that is no call with an HTTP status. Over HTTP/1.1 the client gets a second to
 * finish its request, if the answer says that the request is wrong.
 */
export function sendStatus(
  response: NodeResponse,
  status: number,
  header: Readonly<Record<string, string>> = {},
): void {
  if (isHttp2(response)) {
    const { stream } = response;
    if (stream.destroyed || stream.closed || stream.headersSent) return;
    stream.respond({ ...header, ":status": status }, { endStream: true });
    // Closed at once, its reset could overtake the answer while Node writes something else.
    setImmediate(stopRequest, stream);
    return;
  }
  if (status < 500 && hasBody(response.req))
    afterRequest(response.req, () => answer(response, status, header));
  else answer(response, status, header);
}

/** How long to read on for the end of a request that is no call, in milliseconds. */
const MAX_DELAY_MS = 1000;

/** A client over HTTP/1.1 that still writes when its connection is closed may not see the answer. */
function afterRequest(request: IncomingMessage, run: () => void): void {
  const timer = setTimeout(done, MAX_DELAY_MS);
  function done() {
    clearTimeout(timer);
    request.off("end", done);
    run();
  }
  request.once("end", done);
  request.resume();
}

function answer(
  response: ServerResponse,
  status: number,
  header: Readonly<Record<string, string>>,
): void {
  if (response.headersSent) return;
  // The next request on the connection would come behind the rest of this one.
  const close = hasBody(response.req) && !response.req.complete;
  response.writeHead(status, close ? { ...header, connection: "close" } : header);
  response.end();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
