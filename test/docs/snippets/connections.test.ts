// SPDX-License-Identifier: Apache-2.0
import { createStreamTransport, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { createLabServiceClient, registerLabService } from "../../support/gen/lab/v1/lab_stream.js";

it("connections", async () => {
  const server = await serve({
    routes: (router) => void registerLabService(router, { unary: async (request) => request }),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const states: string[] = [];
  const transport = createStreamTransport({
    baseUrl: server.url,
    protocol: "grpc",
    connectTimeoutMs: 5_000,
    maxConnections: 2,
  });
  transport.onStateChange((state) => states.push(state));
  await transport.connect(); // optional: the first call connects, too
  expect(await createLabServiceClient(transport).unary({ text: "hi" })).toMatchObject({
    text: "hi",
  });
  await transport.close({ graceMs: 1_000 });
  expect(states).toEqual(["connecting", "ready", "closed"]);
});
