// SPDX-License-Identifier: Apache-2.0
import { CallTracker } from "../../server/call-tracker.js";
import type { NodeListener } from "../node-types.js";
import { FallbackBridge } from "./fallback-bridge.js";
import type { SessionEvents } from "./http2-session.js";
import type { OpenCalls } from "./open-calls.js";
import {
  createNodeListener,
  prepareRoutes,
  type StreamNodeAdapterOptions,
} from "./stream-node-adapter.js";

/** What serves the requests of a server, over either version of HTTP. */
export interface RequestHandlers {
  readonly http1: NodeListener;
  readonly http2: SessionEvents;
}

/** Prepares the routes once for both versions of HTTP. `calls` counts requests without an answer, `tracker` keeps the calls. */
export function createHandlers(
  options: StreamNodeAdapterOptions,
  calls: OpenCalls,
  tracker: CallTracker = new CallTracker(options.drainSignal),
): RequestHandlers {
  const handle = prepareRoutes(options, tracker);
  const listener = createNodeListener(handle, options);
  const bridge = options.fallback && new FallbackBridge(options.fallback);
  return {
    http1(request, response) {
      calls.opened();
      response.once("close", () => calls.closed());
      listener(request, response);
    },
    http2: {
      onRequest(exchange, stream, headers, connection) {
        calls.opened();
        try {
          if (!handle(exchange)) bridge?.serve(stream, headers, connection);
        } catch (error) {
          // A `contextValues` that throws fails one request, not the process.
          console.error(`request for ${exchange.head.path} failed:`, error);
          exchange.refuse(500);
        }
      },
      onRequestClosed: () => calls.closed(),
      onDrain: () => calls.opened(),
      onDrained: () => calls.closed(),
    },
  };
}
