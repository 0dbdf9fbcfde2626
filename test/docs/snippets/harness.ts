// SPDX-License-Identifier: Apache-2.0
import type { ConnectRouter, Transport } from "@connectrpc/connect";
import { createStreamTransport, type ServeOptions, serve } from "connect-stream/node";
import { onTestFinished } from "vitest";

/** Serves `routes` until the test is done. The transport speaks gRPC. */
export async function start(
  routes: (router: ConnectRouter) => void,
  options: Omit<ServeOptions, "routes"> = {},
): Promise<{ url: string; transport: Transport }> {
  const server = await serve({ ...options, routes });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return {
    url: server.url,
    transport: createStreamTransport({ baseUrl: server.url, protocol: "grpc" }),
  };
}
