// SPDX-License-Identifier: Apache-2.0
import { createClient } from "@connectrpc/connect";
import { createStreamTransport, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { start } from "./harness.js";
import { PriceService } from "./policies/gen/prices/v1/prices_pb.js";
import {
  createPriceServiceClient,
  type PriceServiceHandler,
  registerPriceService,
} from "./policies/gen/prices/v1/prices_stream.js";

const prices: PriceServiceHandler = {
  async watch(_request, stream) {
    for (const price of [1, 2, 3]) await stream.send({ price });
  },
  read: async () => ({ price: 3 }),
};

it("code goes before the schema", async () => {
  const { transport } = await start((router) => {
    registerPriceService(router, prices, {
      timeouts: { maxAgeMs: 10 * 60_000 }, // sendMs stays that of the schema
    });
  });
  const client = createPriceServiceClient(transport, { retry: false });
  const stream = client.watch({ symbol: "ACME" }, { timeouts: { idleMs: 5_000 } });
  const seen: number[] = [];
  for await (const { price } of stream) seen.push(price);
  expect(seen).toEqual([1, 2, 3]);
  expect(await client.read({ symbol: "ACME" })).toMatchObject({ price: 3 });
});

it("other clients see heartbeats as messages", async () => {
  const { transport } = await start((router) => {
    registerPriceService(router, {
      async watch(_request, stream) {
        await stream.send({ price: 1 });
        await stream.send({ heartbeat: true });
        await stream.send({ price: 2 });
      },
    });
  });
  const plainClient = createClient(PriceService, transport);
  const seen: number[] = [];
  for await (const { price, heartbeat } of plainClient.watch({ symbol: "ACME" })) {
    if (heartbeat) continue;
    seen.push(price);
  }
  expect(seen).toEqual([1, 2]);
});

it("pings", async () => {
  const routes = (router: Parameters<typeof registerPriceService>[0]) =>
    registerPriceService(router, prices);
  const server = await serve({ routes, keepAlive: { intervalMs: 30_000, timeoutMs: 10_000 } });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const transport = createStreamTransport({
    baseUrl: server.url,
    protocol: "grpc",
    pingIntervalMs: 60_000,
    pingTimeoutMs: 10_000,
  });
  expect(await createPriceServiceClient(transport).read({})).toMatchObject({ price: 3 });
});
