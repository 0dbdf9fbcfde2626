// SPDX-License-Identifier: Apache-2.0
import { dispatch, type Exchange } from "./dispatch.js";
import { createRoutes, type RoutesOptions } from "./routes.js";

/** Serves the request of an exchange, of any host. False: it is for no route, and untouched. */
export type HandleRequest = (exchange: Exchange) => boolean;

/** Prepares all that `options` have to serve. */
export function createRequestHandler(options: RoutesOptions): HandleRequest {
  const routes = createRoutes(options);
  return (exchange) => {
    const { path, origin } = exchange.head;
    const route = routes.get(path);
    if (!route) return false;
    if (origin === undefined) exchange.refuse(400);
    else dispatch(route, exchange);
    return true;
  };
}
