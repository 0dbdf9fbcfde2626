// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { isHttp2, type NodeRequest, type NodeResponse } from "../node-types.js";
import { toUint8Array } from "../to-uint8array.js";

/** A body that somebody has read before us: what is left of it. */
export interface ConsumedBody {
  readonly bytes: Uint8Array;
  /** Why it is of no use. */
  readonly fault: ConnectError | undefined;
}

/** Whether somebody has read the body of a request, or has begun to. */
export function isConsumed(request: NodeRequest, response: NodeResponse): boolean {
  const stream = isHttp2(response) ? response.stream : request;
  return stream.readableDidRead || stream.readableEnded;
}

/**
 * What is left of a body that a parser such as `express.json` has read. Such parsers decompress, and
 * leave the body as `request.body`: as bytes, text or JSON.
 */
export function consumedBody(request: NodeRequest, response: NodeResponse): ConsumedBody {
  const stream = isHttp2(response) ? response.stream : request;
  const body = "body" in request ? request.body : undefined;
  if (stream.readableEnded || request.readableEnded) {
    if (body instanceof Uint8Array) return { bytes: toUint8Array(body), fault: undefined };
    const json = isJson(request.headers["content-type"]) ? jsonText(body) : undefined;
    if (json !== undefined) return { bytes: new TextEncoder().encode(json), fault: undefined };
  }
  return { bytes: new Uint8Array(0), fault: new ConnectError(explain(body), Code.Internal) };
}

/** One JSON message, and no envelope: text of anything else is no longer what has been sent. */
function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? "");
}

function jsonText(body: unknown): string | undefined {
  if (typeof body === "string") return body;
  return typeof body === "object" && body !== null ? JSON.stringify(body) : undefined;
}

function explain(body: unknown): string {
  const left =
    body === undefined || body === null
      ? "left no request.body"
      : "left a request.body without the original bytes";
  return `a body parser has read the request, and ${left}: put streamNodeAdapter before it`;
}
