// SPDX-License-Identifier: Apache-2.0
import { setMaxListeners } from "node:events";
import type { ConnectRouter } from "@connectrpc/connect";
import {
  type ConnectNodeAdapterOptions,
  compressionBrotli,
  compressionGzip,
  connectNodeAdapter,
} from "@connectrpc/connect-node";
import { checkConnectOptions } from "../protocol/connect-options.js";
import { DEFAULT_READ_MAX_BYTES } from "../protocol/limits.js";
import { resolveRpc } from "../server/options.js";
import { findStreamRpc } from "../server/stream-rpc.js";
import { definedOnly, notAllowed, within } from "../settings.js";
import { MAX_TIMER_MS } from "../stream/settle.js";
import { CallTracker } from "./call-tracker.js";
import { capTimeout } from "./cap-timeout.js";
import { shareConnection } from "./fair-share.js";
import { guardHandler, guardOptions, guardRouter } from "./guard-handlers.js";
import { isHttp2, type NodeListener } from "./node-types.js";
import { finishRequest } from "./read-rest.js";
import { refuse } from "./refuse.js";
import { requestUrl } from "./request-head.js";
import { type StreamRoute, serveStream } from "./serve-stream.js";

/** Options of `streamNodeAdapter`: those of Connect-Node's adapter, and a few for streams. */
export interface StreamNodeAdapterOptions extends ConnectNodeAdapterOptions {
  /**
   * The largest message to accept, in bytes, before and after decompression. Default: 4 MiB, as
   * with gRPC; Connect's own default is 4 GiB, which lets any client fill the memory.
   */
  readMaxBytes?: number;

  /**
   * How long the end of a client's stream is held back, in milliseconds, in case the client did
   * not half-close but cancel. Most clients cancel by ending the stream and then resetting it; a
   * proxy in between may pass the two on apart. Default: 0, two turns of the event loop, which is
   * enough without a proxy.
   */
  halfCloseGraceMs?: number;
}

/**
 * A request listener for Node's `http`, `https` and `http2` servers. Takes what
 * `connectNodeAdapter` takes and serves the same routes: RPCs of `registerXService` that stream go
 * straight between handler and HTTP, everything else the way that Connect-Node serves it.
 *
 * Throws a `RangeError` for an option that cannot be.
 */
export function streamNodeAdapter(given: StreamNodeAdapterOptions): NodeListener {
  const options = definedOnly(given);
  check(options);
  const resolved = {
    ...options,
    acceptCompression: options.acceptCompression ?? [compressionGzip, compressionBrotli],
    readMaxBytes: options.readMaxBytes ?? DEFAULT_READ_MAX_BYTES,
    ...(options.shutdownSignal && { shutdownSignal: forManyCalls(options.shutdownSignal) }),
  };
  let streams = new Map<string, StreamRoute>();
  const connectListener = connectNodeAdapter({
    ...guardOptions(resolved),
    routes(router) {
      options.routes(guardRouter(router));
      streams = streamRoutes(router, resolved);
      router.handlers.splice(0, Infinity, ...router.handlers.map(guardHandler));
    },
  });
  const listener: NodeListener = (request, response) => {
    if (isHttp2(response)) shareConnection(response.stream);
    const url = requestUrl(request);
    if (url === undefined) return refuse(response, 400);
    const [path = ""] = (request.url ?? "").split("?", 1);
    const route = streams.get(path);
    if (!route) {
      capTimeout(request.headers);
      finishRequest(request, response);
      return connectListener(request, response);
    }
    serveStream(route, request, response, url, options.contextValues?.(request));
  };
  return (request, response) => {
    try {
      listener(request, response);
    } catch (error) {
      // A `contextValues` or a fallback that throws fails one request, not the process.
      console.error(`request for ${request.url} failed:`, error);
      refuse(response, 500);
    }
  };
}

function check(options: StreamNodeAdapterOptions): void {
  const { routes, halfCloseGraceMs = 0 } = options;
  if (typeof routes !== "function") throw notAllowed("routes", "a function", routes);
  within("halfCloseGraceMs", halfCloseGraceMs, 0, MAX_TIMER_MS);
  checkConnectOptions(options);
}

/** Connect puts a listener on the signal for each unary call, and Node warns of more than ten. */
function forManyCalls(shutdownSignal: AbortSignal): AbortSignal {
  const signal = AbortSignal.any([shutdownSignal]);
  setMaxListeners(0, signal);
  return signal;
}

function streamRoutes(
  router: ConnectRouter,
  options: StreamNodeAdapterOptions,
): Map<string, StreamRoute> {
  const tracker = new CallTracker();
  const routes = new Map<string, StreamRoute>();
  for (const handler of router.handlers) {
    const path = `${options.requestPathPrefix ?? ""}${handler.requestPath}`;
    const rpc = findStreamRpc(handler);
    // Of two handlers of one path the later counts, as with Connect.
    if (!rpc) routes.delete(path);
    else
      routes.set(path, {
        rpc: resolveRpc(rpc, options),
        protocolNames: handler.protocolNames,
        tracker,
        halfCloseGraceMs: options.halfCloseGraceMs ?? 0,
      });
  }
  return routes;
}
