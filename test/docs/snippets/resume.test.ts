// SPDX-License-Identifier: Apache-2.0
import { resumable } from "connect-stream";
import { createStreamTransport, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../../support/gen/lab/v1/lab_stream.js";

it("a watch survives a restart", async () => {
  const payload = new Uint8Array(16 * 1024);
  const lab: Partial<LabServiceHandler> = {
    async download({ number: last }, stream) {
      for (let number = last + 1n; ; number++) await stream.send({ number, payload });
    },
  };
  const run = (port: number) =>
    serve({ port, routes: (router) => void registerLabService(router, lab) });
  let server = await run(0);
  onTestFinished(() => server.close({ graceMs: 0 }));
  const client = createLabServiceClient(
    createStreamTransport({ baseUrl: server.url, protocol: "grpc" }),
  );
  const logged: string[] = [];
  const logger = { warn: (text: string) => logged.push(text) };
  const got: bigint[] = [];
  await using stream = resumable(client.download, {
    request: { number: 0n }, // the last one we know
    next: (last) => ({ number: last.number }),
    onInterrupt: ({ error, delayMs }) => logger.warn(`lost: ${error.message}, wait ${delayMs} ms`),
    onResume: ({ request, retries }) => logger.warn(`after ${request.number}, try ${retries}`),
  });
  got.push((await stream.recv())?.number ?? 0n);
  await server.close({ graceMs: 0 });
  server = await run(server.port);
  for await (const { number } of stream) {
    got.push(number);
    if (logged.at(-1)?.startsWith("after")) break;
  }
  expect(got).toEqual(got.map((_, i) => BigInt(i + 1)));
  expect(logged[0]).toMatch(/^lost: \[unavailable\]/);
});
