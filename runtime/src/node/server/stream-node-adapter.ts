// SPDX-License-Identifier: Apache-2.0
import {
  type ConnectNodeAdapterOptions,
  compressionBrotli,
  compressionGzip,
} from "@connectrpc/connect-node";
import type { CorsOptions } from "../../options/cors.js";
import { checkOptions } from "../../options/declare.js";
import { DEFAULT_READ_MAX_BYTES } from "../../options/message-size.js";
import { checkOptionNames } from "../../options/option-names.js";
import { definedOnly } from "../../options/settings.js";
import type { CallTracker } from "../../server/call-tracker.js";
import { createRequestHandler, type HandleRequest } from "../../server/request-handler.js";
import { registerNodeCompressions } from "../compression/compression.js";
import { shareConnection } from "../fair-share.js";
import { isHttp2, type NodeListener } from "../node-types.js";
import { adapterOptions } from "./adapter-options.js";
import { sendStatus } from "./http-status.js";
import { DEFAULT_MAX_CALLS, serveInOrder } from "./http1-pipeline.js";
import { NodeExchange } from "./node-exchange.js";

/** Options of `streamNodeAdapter`: those of Connect-Node's adapter, and a few for streams. */
export interface StreamNodeAdapterOptions extends ConnectNodeAdapterOptions {
  /**
   * The largest message to accept, in bytes, before and after decompression. Default: 4 MiB, as
   * with gRPC; Connect's own default is 4 GiB, which lets any client fill the memory.
   */
  readMaxBytes?: number;

  /**
   * Compresses messages of this many bytes and more, for clients that accept it. Default: never, as
   * with gRPC: compressing a message costs 15 to 100 times what sending it costs. Connect's own
   * default is 1024, which pays off on a slow network. Compressed messages of clients are always
   * read.
   */
  compressMinBytes?: number;

  /**
   * How long the end of a client's stream is held back, in milliseconds, in case the client did not
   * half-close but cancel. Clients on Node.js cancel by ending the stream and then resetting it.
   * Default: 0, which means until the client has answered two pings: enough unless an HTTP proxy
   * lies between. Clients that are known to reset at once, such as ours and those in Go, are not
   * pinged.
   */
  halfCloseGraceMs?: number;

  /**
   * Which pages of other origins may call: `{ origins: ["https://app.example.com"] }`. Answers
   * preflights, and sets the headers that browsers need on all responses. Default: none.
   */
  cors?: CorsOptions;

  /**
   * A path to probe, such as "/healthz": GET and HEAD answer 200, and 503 from the moment that draining
   * begins. Default: none.
   */
  healthPath?: string;

  /**
   * Abort it to drain: requests over HTTP/1.1 get a 503 from then on, and `context.drainSignal` of open calls aborts.
   * `serve` does it in `close`. Default: none.
   */
  drainSignal?: AbortSignal;
}

/**
 * A request listener for Node's `http`, `https` and `http2` servers. Takes what `connectNodeAdapter`
 * takes and serves the same routes: the RPCs of `registerXService`, and ordinary Connect services
 * beside them.
 *
 * Throws a `RangeError` for an invalid option.
 */
export function streamNodeAdapter(options: StreamNodeAdapterOptions): NodeListener {
  checkOptionNames("streamNodeAdapter", options, adapterOptions);
  return serveInOrder(createNodeListener(prepareRoutes(options), options), DEFAULT_MAX_CALLS);
}

/** Checks the options, and prepares what they serve. `calls`: who keeps the open ones. */
export function prepareRoutes(given: StreamNodeAdapterOptions, calls?: CallTracker): HandleRequest {
  const options = definedOnly(given);
  checkOptions(adapterOptions, options);
  registerNodeCompressions();
  return createRequestHandler({
    ...options,
    acceptCompression: options.acceptCompression ?? [compressionGzip, compressionBrotli],
    readMaxBytes: options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES,
    hasFallback: options.fallback !== undefined,
    calls,
  });
}

/** Makes `handle` a listener for requests of Node. What it does not take goes to the fallback. */
export function createNodeListener(
  handle: HandleRequest,
  { contextValues, fallback, halfCloseGraceMs = 0 }: StreamNodeAdapterOptions,
): NodeListener {
  const listener: NodeListener = (request, response) => {
    if (isHttp2(response)) shareConnection(response.stream);
    // Node reads "HTTP/2.0" in a request line as a version of HTTP/1.
    else if (request.httpVersionMajor !== 1) return sendStatus(response, 505);
    const exchange = new NodeExchange(request, response, contextValues, halfCloseGraceMs);
    if (!handle(exchange)) fallback?.(request, response);
  };
  return (request, response) => {
    try {
      listener(request, response);
    } catch (error) {
      // A fallback that throws fails one request, not the process.
      console.error(`request for ${request.url} failed:`, error);
      sendStatus(response, 500);
    }
  };
}
