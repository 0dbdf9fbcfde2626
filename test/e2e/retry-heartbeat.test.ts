// SPDX-License-Identifier: Apache-2.0
import { connect as dial } from "node:net";
import { Code, ConnectError } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  createHeartbeatServiceClient,
  type HeartbeatServiceHandler,
  registerHeartbeatService,
} from "../support/gen/lab/v1/policy_stream.js";
import { startLab } from "../support/lab.js";

const retry = { initialBackoffMs: 1, maxBackoffMs: 1, retryableCodes: [Code.Unavailable] };

/** A client of `handler`, whose first connection is refused: nobody listens there. */
async function start(handler: Partial<HeartbeatServiceHandler>) {
  const closed = await startLab({});
  await closed[Symbol.asyncDispose]();
  const lab = await startLab(
    {},
    { routes: (router) => void registerHeartbeatService(router, handler) },
  );
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const ports = [closed.port];
  const transport = createStreamTransport({
    baseUrl: lab.url,
    protocol: "grpc",
    nodeOptions: { createConnection: () => dial(ports.shift() ?? lab.port, "127.0.0.1") },
  });
  return createHeartbeatServiceClient(transport, { retry });
}

describe("an RPC with a heartbeat, after a refused connection", () => {
  it("sends the request of a watch again", async () => {
    const client = await start({ watch: ({ text }, stream) => stream.send({ text }) });
    const stream = client.watch({ text: "a" });
    expect(await stream.recv()).toMatchObject({ text: "a" });
    expect(await stream.outcome).toMatchObject({ code: undefined, attempts: 2 });
  });

  it("sends again what waited for the connection", async () => {
    const heard: string[] = [];
    const client = await start({
      async talk(stream) {
        for await (const { text } of stream) heard.push(text);
      },
    });
    const stream = client.talk();
    await Promise.all([stream.send({ text: "a" }), stream.send({ text: "b" })]);
    await stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    expect(heard).toEqual(["a", "b"]);
    expect(await stream.outcome).toMatchObject({ attempts: 2, sent: { messages: 2 } });
  });

  it("has not half-closed before the attempt that succeeds", async () => {
    const heard: string[] = [];
    const client = await start({
      async talk(stream) {
        for await (const { text } of stream) heard.push(text);
      },
    });
    const stream = client.talk();
    const settled: string[] = [];
    void stream.send({ text: "a" }).then(() => settled.push("sent"));
    await stream.closeSend();
    expect(settled).toEqual(["sent"]);
    expect(await stream.recv()).toBeUndefined();
    expect(heard).toEqual(["a"]);
  });
});

it("a watch with a heartbeat is repeated when its server is busy", async () => {
  let calls = 0;
  const client = await start({
    async watch({ text }, stream) {
      if (++calls < 3) throw new ConnectError("busy", Code.Unavailable);
      await stream.send({ text });
    },
  });
  expect(await client.watch({ text: "a" }).recv()).toMatchObject({ text: "a" });
  expect(calls).toBe(3);
});
