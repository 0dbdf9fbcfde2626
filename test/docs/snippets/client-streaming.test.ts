// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { expect, it } from "vitest";
import {
  type AnalyticsServiceHandler,
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import { start } from "./harness.js";

const events = Array.from({ length: 10 }, (_, i) => ({
  eventType: "search",
  timestamp: new Date(0).toISOString(),
  data: new Uint8Array([i]),
}));

it("sums up an upload", async () => {
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      let count = 0n;
      for await (const event of stream) {
        if (event.data.length > 0) count++;
      }
      await stream.sendAndClose({ processedCount: count });
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const client = createAnalyticsServiceClient(transport);
  await using stream = client.process();
  for (const event of events) await stream.send(event);
  const { processedCount } = await stream.closeAndRecv();
  expect(processedCount).toBe(10n);
});

it("fails a handler that forgets to answer", async () => {
  const analytics: AnalyticsServiceHandler = { process: async () => {} };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  await expect(
    createAnalyticsServiceClient(transport).process().closeAndRecv(),
  ).rejects.toMatchObject({
    code: Code.Internal,
    rawMessage:
      "the handler of analytics.v1.AnalyticsService.Process returned without sendAndClose",
  });
});

it("answers early, and the client learns why its sends fail", async () => {
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      await stream.recv();
      await stream.sendAndClose({ processedCount: 1n });
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  await using stream = createAnalyticsServiceClient(transport).process();
  const sendUntilItFails = async () => {
    while (true) {
      await stream.send({ eventType: "search" });
      await new Promise(setImmediate);
    }
  };
  await expect(sendUntilItFails()).rejects.toThrow("the stream has ended");
  expect(await stream.closeAndRecv()).toMatchObject({ processedCount: 1n });
});
