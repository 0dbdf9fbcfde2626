// SPDX-License-Identifier: Apache-2.0
// Generated clients, once for each protocol. Nothing but the transport differs.
import type { Transport } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import {
  type AnalyticsServiceClient,
  createAnalyticsServiceClient,
} from "../gen/analytics/v1/analytics_stream.js";
import { type ChatServiceClient, createChatServiceClient } from "../gen/chat/v1/chat_stream.js";
import {
  createMonitorServiceClient,
  type MonitorServiceClient,
} from "../gen/monitor/v1/monitor_stream.js";

export interface Clients {
  name: string;
  monitor: MonitorServiceClient;
  analytics: AnalyticsServiceClient;
  chat: ChatServiceClient;
}

/** Clients that speak gRPC, gRPC-Web and Connect with the server at `baseUrl`. */
export function createClients(baseUrl: string): [Clients, Clients, Clients] {
  return [
    clientsOn("gRPC", createStreamTransport({ baseUrl, protocol: "grpc" })),
    clientsOn("gRPC-Web", createStreamTransport({ baseUrl, protocol: "grpc-web" })),
    clientsOn("Connect", createStreamTransport({ baseUrl, protocol: "connect" })),
  ];
}

function clientsOn(name: string, transport: Transport): Clients {
  // No call of these examples takes longer; a server that hangs must not hang us.
  const options = { timeoutMs: 10_000 };
  return {
    name,
    monitor: createMonitorServiceClient(transport, options),
    analytics: createAnalyticsServiceClient(transport, options),
    chat: createChatServiceClient(transport, options),
  };
}
