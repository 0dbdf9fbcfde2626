// SPDX-License-Identifier: Apache-2.0
import {
  type ConnectNodeAdapterOptions,
  compressionBrotli,
  compressionGzip,
} from "@connectrpc/connect-node";
import { checkConnectOptions } from "../../options/connect-options.js";
import { DEFAULT_READ_MAX_BYTES } from "../../options/message-size.js";
import { checkOptionNames } from "../../options/option-names.js";
import { assertInteger, definedOnly, invalidOption } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import { createRequestHandler } from "../../server/request-handler.js";
import { registerNodeCompressions } from "../compression/compression.js";
import { shareConnection } from "../fair-share.js";
import { isHttp2, type NodeListener } from "../node-types.js";
import { NodeExchange } from "./exchange.js";
import { sendStatus } from "./http-status.js";
import { DEFAULT_MAX_CALLS, serveInOrder } from "./http1-pipeline.js";
import { adapterOptionNames } from "./option-names.js";

/** Options of `streamNodeAdapter`: those of Connect-Node's adapter, and a few for streams. */
export interface StreamNodeAdapterOptions extends ConnectNodeAdapterOptions {
  /**
   * The largest message to accept, in bytes, before and after decompression. Default: 4 MiB, as
   * with gRPC; Connect's own default is 4 GiB, which lets any client fill the memory.
   */
  readMaxBytes?: number;

  /**
   * Compresses messages of this many bytes and more, for clients that accept it. Default: never, as
   * with gRPC: compressing a message costs 15 to 100 times what sending it costs. 1024 is Connect's
   * own default; a slow network pays for it. What clients compress is read in any case.
   */
  compressMinBytes?: number;

  /**
   * How long the end of a client's stream is held back, in milliseconds, in case the client did
   * not half-close but cancel. Most clients cancel by ending the stream and then resetting it; a
   * proxy in between may pass the two on apart. Default: 0, two turns of the event loop, which is
   * enough without a proxy.
   */
  halfCloseGraceMs?: number;
}

/**
 * A request listener for Node's `http`, `https` and `http2` servers. Takes what `connectNodeAdapter`
 * takes and serves the same routes: the RPCs of `registerXService`, and ordinary Connect services
 * beside them.
 *
 * Throws a `RangeError` for an invalid option, or one that it does not have.
 */
export function streamNodeAdapter(given: StreamNodeAdapterOptions): NodeListener {
  checkOptionNames("streamNodeAdapter", given, adapterOptionNames);
  const options = definedOnly(given);
  check(options);
  registerNodeCompressions();
  const { contextValues, fallback, halfCloseGraceMs = 0 } = options;
  const handle = createRequestHandler({
    ...options,
    acceptCompression: options.acceptCompression ?? [compressionGzip, compressionBrotli],
    readMaxBytes: options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES,
  });
  const listener: NodeListener = (request, response) => {
    if (isHttp2(response)) shareConnection(response.stream);
    // Node reads "HTTP/2.0" in a request line as a version of HTTP/1.
    else if (request.httpVersionMajor !== 1) return sendStatus(response, 505);
    const exchange = new NodeExchange(request, response, contextValues, halfCloseGraceMs);
    if (handle(exchange)) return;
    if (fallback) fallback(request, response);
    else sendStatus(response, 404);
  };
  return serveInOrder((request, response) => {
    try {
      listener(request, response);
    } catch (error) {
      // A `contextValues` or a fallback that throws fails one request, not the process.
      console.error(`request for ${request.url} failed:`, error);
      sendStatus(response, 500);
    }
  }, DEFAULT_MAX_CALLS);
}

function check(options: StreamNodeAdapterOptions): void {
  const { routes, halfCloseGraceMs = 0 } = options;
  if (typeof routes !== "function") throw invalidOption("routes", "a function", routes);
  assertInteger("halfCloseGraceMs", halfCloseGraceMs, 0, MAX_TIMER_MS);
  checkConnectOptions(options);
}
