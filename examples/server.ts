// SPDX-License-Identifier: Apache-2.0
// One server for the three services, on one port, for clients of every protocol.
import { type RunningServer, serve } from "connect-stream/node";
import { createValidation } from "connect-stream/protovalidate";
import { registerAnalyticsService } from "../gen/analytics/v1/analytics_stream.js";
import { registerChatService } from "../gen/chat/v1/chat_stream.js";
import { registerMonitorService } from "../gen/monitor/v1/monitor_stream.js";
import { createAnalytics, type Store } from "./analytics/handler.js";
import { createChat } from "./chat/handler.js";
import { createMonitor } from "./monitor/handler.js";

/** Listens on a free port of this host. Handlers log what they see, and keep events in `store`. */
export function startServer(log: (line: string) => void, store?: Store): Promise<RunningServer> {
  // Requests are what the schema says before a handler sees them.
  const options = { validation: createValidation() };
  return serve({
    routes(router) {
      registerMonitorService(router, createMonitor(log), options);
      registerAnalyticsService(router, createAnalytics(log, store), options);
      registerChatService(router, createChat(log), options);
    },
  });
}
