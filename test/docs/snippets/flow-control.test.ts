// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { expect, it, vi } from "vitest";
import {
  type AnalyticsServiceHandler,
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import { start } from "./harness.js";

it("a send waits for a slow reader", async () => {
  let accepted = 0;
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      stream.sendHeaders();
      await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const stream = createAnalyticsServiceClient(transport).process();
  await stream.header;
  const data = new Uint8Array(16 * 1024);
  const sending = (async () => {
    for (; accepted < 1000; accepted++) await stream.send({ eventType: "blob", data });
  })();
  let before = -1;
  await vi.waitFor(
    () => {
      const settled = accepted === before;
      before = accepted;
      expect(settled).toBe(true);
    },
    { interval: 200, timeout: 10_000 },
  );
  expect(accepted).toBeLessThan(100);
  stream.close();
  await expect(sending).rejects.toMatchObject({ code: Code.Canceled });
});
