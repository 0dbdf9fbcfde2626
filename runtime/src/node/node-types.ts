// SPDX-License-Identifier: Apache-2.0
import type * as http from "node:http";
import type * as http2 from "node:http2";

/** A request of Node's `http`, `https` or `http2` server. */
export type NodeRequest = http.IncomingMessage | http2.Http2ServerRequest;

/** The response that belongs to it. */
export type NodeResponse = http.ServerResponse | http2.Http2ServerResponse;

/** A request listener for `http`, `https` and `http2` servers. */
export type NodeListener = (request: NodeRequest, response: NodeResponse) => void;

export function isHttp2(response: NodeResponse): response is http2.Http2ServerResponse {
  return "stream" in response;
}
