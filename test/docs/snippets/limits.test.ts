// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { createStreamTransport } from "connect-stream/node";
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

async function upload(url: string, bytes: number): Promise<bigint> {
  const transport = createStreamTransport({ baseUrl: url, protocol: "connect" });
  await using stream = createAnalyticsServiceClient(transport).process();
  await stream.send({ eventType: "blob", data: new Uint8Array(bytes) });
  return (await stream.closeAndRecv()).processedCount;
}

it("4 MiB a message", async () => {
  const { url } = await start((router) => registerAnalyticsService(router, analytics));
  expect(await upload(url, 4 * 1024 * 1024 - 1024)).toBe(1n);
  await expect(upload(url, 4 * 1024 * 1024)).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
});

it("more, for one service", async () => {
  const { url } = await start((router) => {
    registerAnalyticsService(router, analytics, { readMaxBytes: 16 * 1024 * 1024 });
  });
  expect(await upload(url, 8 * 1024 * 1024)).toBe(1n);
});

it("compressed", async () => {
  const { url } = await start((router) => registerAnalyticsService(router, analytics));
  const transport = createStreamTransport({
    baseUrl: url,
    protocol: "grpc",
    sendCompression: compressionGzip,
    writeMaxBytes: 1024 * 1024,
  });
  const client = createAnalyticsServiceClient(transport);
  const stream = client.process();
  await stream.send({ eventType: "blob", data: new Uint8Array(100_000) });
  expect(await stream.closeAndRecv()).toMatchObject({ processedCount: 1n });
  expect((await stream.outcome).sent.bytes).toBeLessThan(1000);
  await expect(
    client.process().send({ eventType: "blob", data: new Uint8Array(1024 * 1024) }),
  ).rejects.toMatchObject({ code: Code.ResourceExhausted });
});
