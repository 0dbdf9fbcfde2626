// SPDX-License-Identifier: Apache-2.0
import type { CorsOptions } from "../options/cors.js";
import { CallTracker } from "./call-tracker.js";
import { CorsExchange, CorsPolicy } from "./cors.js";
import { dispatch, type Exchange } from "./dispatch.js";
import { createRoutes, type RoutesOptions } from "./routes.js";

/** Serves the request of an exchange, of any host. False: it is for the host's fallback, and untouched. */
export type HandleRequest = (exchange: Exchange) => boolean;

/** What every host has to offer. */
export interface RequestHandlerOptions extends RoutesOptions {
  readonly cors?: CorsOptions | undefined;
  /** Aborts when the server begins to drain: from then on, requests over HTTP/1.1 get a 503. */
  readonly drainSignal?: AbortSignal | undefined;
  /** Answers GET and HEAD with 200 while the server takes calls. */
  readonly healthPath?: string | undefined;
}

/** Prepares all that `options` have to serve. */
export function createRequestHandler(options: RequestHandlerOptions): HandleRequest {
  const { drainSignal, healthPath } = options;
  const calls = options.calls ?? new CallTracker(drainSignal);
  const cors = options.cors && new CorsPolicy(options.cors);
  const routes = createRoutes({ ...options, calls });
  return (exchange) => {
    const { path, method, fullDuplex } = exchange.head;
    const route = routes.get(path);
    const isHealth = path === healthPath && (method === "GET" || method === "HEAD");
    // Over HTTP/2 a client learns from its connection which of its requests are the last.
    const refused = drainSignal?.aborted === true && (isHealth || !fullDuplex);
    const known = route !== undefined || isHealth || refused;
    if (!known && options.hasFallback) return false;
    const { preflight, header } = cors?.answer(exchange.head) ?? {};
    if (preflight) {
      exchange.refuse(preflight.status, preflight.header);
      return true;
    }
    const answered = header ? new CorsExchange(exchange, header) : exchange;
    if (refused) answered.refuse(503);
    else if (isHealth) answered.refuse(200);
    else if (!route) answered.refuse(404);
    else if (exchange.head.origin === undefined) answered.refuse(400);
    else dispatch(route, answered);
    return true;
  };
}
