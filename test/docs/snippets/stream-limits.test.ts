// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import {
  type AnalyticsServiceHandler,
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import { start } from "./harness.js";

const analytics: AnalyticsServiceHandler = {
  async process(stream) {
    let count = 0n;
    for await (const _ of stream) count++;
    await stream.sendAndClose({ processedCount: count });
  },
};

it("so much of a message, and of a stream", async () => {
  const { transport } = await start((router) => {
    registerAnalyticsService(router, analytics, {
      limits: { readMaxBytes: 64 * 1024, readStreamMaxBytes: 1024 * 1024 },
    });
  });
  const client = createAnalyticsServiceClient(transport);
  const upload = async (messages: number, bytes: number) => {
    await using stream = client.process();
    const data = new Uint8Array(bytes);
    for (let i = 0; i < messages; i++) {
      void stream.send({ eventType: "blob", data }).catch(() => undefined);
    }
    return (await stream.closeAndRecv()).processedCount;
  };
  expect(await upload(10, 60_000)).toBe(10n);
  for (const [messages, bytes, limit] of [
    [1, 70_000, "readMaxBytes 65536"],
    [20, 60_000, "readStreamMaxBytes 1048576"],
  ] as const) {
    const error = await upload(messages, bytes).catch((thrown: unknown) => thrown);
    expect(ConnectError.from(error).code).toBe(Code.ResourceExhausted);
    expect(ConnectError.from(error).rawMessage).toContain(`larger than configured ${limit}`);
  }
});
