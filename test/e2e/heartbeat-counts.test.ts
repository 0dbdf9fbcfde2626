// SPDX-License-Identifier: Apache-2.0
// What a heartbeat counts for: limits of time, retries, the order of those who wait.
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import type { StreamClientOptions, StreamServiceOptions } from "connect-stream";
import { describe, expect, it } from "vitest";
import { failure, gate } from "../support/gate.js";
import {
  createHeartbeatServiceClient,
  type HeartbeatServiceHandler,
  registerHeartbeatService,
} from "../support/gen/lab/v1/policy_stream.js";
import { inTime, pass, useVirtualTime } from "../support/virtual-time.js";

type Handler = Partial<HeartbeatServiceHandler>;

const INTERVAL_MS = 1000; // that of the schema

useVirtualTime();

/** Client and server in one process: what is sent has arrived after one turn. */
function inMemory(
  handler: Handler,
  service: StreamServiceOptions = {},
  options: StreamClientOptions = {},
) {
  const transport = createRouterTransport((router) => {
    registerHeartbeatService(router, handler, service);
  });
  return createHeartbeatServiceClient(transport, options);
}

/** Lets `ms` pass in small steps, between which what was sent arrives. */
async function passSlowly(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += INTERVAL_MS / 4) await pass(INTERVAL_MS / 4);
}

describe("limits of time", () => {
  it("a heartbeat is a sign of life for a client's idleMs and firstMessageMs", async () => {
    const over = gate();
    const timeouts = { idleMs: 2500, firstMessageMs: 2500 };
    const client = inMemory({ watch: () => over.promise }, {}, { timeouts });
    const stream = client.watch({});
    const end = stream.recv();
    await passSlowly(20_000);
    over.resolve();
    expect(await end).toBeUndefined();
    expect(await stream.outcome).toMatchObject({ code: undefined, received: { messages: 0 } });
  });

  it("a client's idleMs notices that they stay away", async () => {
    const over = gate();
    const client = inMemory({ watch: () => over.promise }, {}, { timeouts: { idleMs: 900 } });
    const stream = client.watch({});
    await passSlowly(2000);
    expect(await stream.outcome).toMatchObject({ code: Code.DeadlineExceeded });
    over.resolve();
  });

  it("a heartbeat is no message for one recv", async () => {
    const over = gate();
    const stream = inMemory({ watch: () => over.promise }).watch({});
    const late = failure(stream.recv({ timeoutMs: 5000 }));
    await passSlowly(5000);
    expect((await late).code).toBe(Code.DeadlineExceeded);
    over.resolve();
    expect(await stream.recv()).toBeUndefined();
  });

  it("a heartbeat is no progress for the server's idleMs", async () => {
    const over = gate();
    const timeouts = { idleMs: 5000 };
    const stream = inMemory({ watch: () => over.promise }, { timeouts }).watch({});
    const error = failure(stream.recv());
    await passSlowly(6000);
    expect(await error).toMatchObject({
      code: Code.DeadlineExceeded,
      rawMessage: "no message for 5000 ms",
    });
    over.resolve();
  });
});

it("several that wait for a message get theirs in order", async () => {
  const over = gate();
  const stream = inMemory({
    async watch(_request, server) {
      await over.promise;
      for (const text of ["a", "b", "c"]) await server.send({ text });
    },
  }).watch({});
  const received = Promise.all([stream.recv(), stream.recv(), stream.recv(), stream.recv()]);
  await passSlowly(5000);
  over.resolve();
  expect((await received).map((message) => message?.text)).toEqual(["a", "b", "c", undefined]);
});

it("a call that has had only heartbeats can be made again", async () => {
  const over = gate();
  let attempts = 0;
  const retry = { retryableCodes: [Code.Unavailable], initialBackoffMs: 1 };
  const client = inMemory(
    {
      async watch(_request, stream) {
        attempts++;
        if (attempts > 1) return stream.send({ text: "second" });
        await over.promise;
        throw new ConnectError("restart", Code.Unavailable);
      },
    },
    {},
    { retry },
  );
  const stream = client.watch({});
  const message = stream.recv();
  await passSlowly(3000);
  over.resolve();
  expect(await inTime(message, INTERVAL_MS)).toMatchObject({ text: "second" });
  expect(await stream.recv()).toBeUndefined();
  expect(await stream.outcome).toMatchObject({ attempts: 2, received: { messages: 1 } });
});
