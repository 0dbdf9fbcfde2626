// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:http2";
import { isHttp2, type NodeResponse } from "./node-types.js";

/** Answers a request that is no call with an HTTP status, and does not wait for its body. */
export function refuse(
  response: NodeResponse,
  status: number,
  header: Readonly<Record<string, string>> = {},
): void {
  if (isHttp2(response)) {
    if (response.stream.destroyed) return;
    response.writeHead(status, header);
    response.end();
    response.stream.close(constants.NGHTTP2_NO_ERROR);
    return;
  }
  response.writeHead(status, { ...header, connection: "close" });
  response.end();
}
