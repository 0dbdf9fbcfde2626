// SPDX-License-Identifier: Apache-2.0
import type { IncomingMessage } from "node:http";
import { isHttp2, type NodeResponse } from "../node-types.js";
import { stopRequest } from "./drain-request.js";

/** Answers a request that is no call with an HTTP status, and does not wait for its body. */
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
  if (response.headersSent) return;
  // The next request on the connection would come behind the body of this one.
  const connection = hasBody(response.req) ? { connection: "close" } : {};
  response.writeHead(status, { ...header, ...connection });
  response.end();
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
