// SPDX-License-Identifier: Apache-2.0
// A policy in the schema holds for whoever is generated from it. Code goes before it, calls before
// all. What each limit does is the business of other tests.
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import type { StreamCallOptions, StreamClientOptions, StreamServiceOptions } from "connect-stream";
import { expect, it } from "vitest";
import { failure, gate } from "../support/gate.js";
import {
  createPolicyServiceClient,
  type PolicyServiceHandler,
  registerPolicyService,
} from "../support/gen/lab/v1/policy_stream.js";
import { inTime, pass, useVirtualTime } from "../support/virtual-time.js";

useVirtualTime();

interface Options {
  readonly service?: StreamServiceOptions;
  readonly client?: StreamClientOptions;
}

/** Client and server in one process. */
function start(handler: Partial<PolicyServiceHandler>, { service, client }: Options = {}) {
  const transport = createRouterTransport((router) => {
    registerPolicyService(router, handler, service);
  });
  return createPolicyServiceClient(transport, client);
}

/** A call that does nothing after its first message until it is ended, and when that is. */
async function ageOf(options: Options, call: StreamCallOptions = {}) {
  const over = gate();
  const startedAt = Date.now();
  const client = start(
    {
      async follow(_request, stream) {
        await stream.send({});
        await over.promise;
      },
    },
    options,
  );
  const stream = client.follow({}, call);
  await stream.recv();
  const { code, error } = await inTime(stream.outcome, 1000);
  over.resolve();
  return { seconds: (Date.now() - startedAt) / 1000, code, text: error?.rawMessage };
}

it("the schema's limit holds without a line of code", async () => {
  expect(await ageOf({})).toMatchObject({
    seconds: 40, // the method's; the service's is 60, and the client's is 50
    code: Code.Unavailable,
    text: "the stream has reached its maximum age of 40000 ms: reconnect",
  });
});

it("code goes before the schema, on either side, and a call before its client", async () => {
  const service = { timeouts: { maxAgeMs: 100_000 } };
  expect(await ageOf({ service })).toMatchObject({ seconds: 50, code: Code.Unavailable });
  const client = { timeouts: { maxAgeMs: 90_000 } };
  expect(await ageOf({ service, client })).toMatchObject({
    seconds: 60, // `timeout_ms` of the schema
    code: Code.DeadlineExceeded,
  });
  const longer = { ...client, timeoutMs: 120_000 };
  expect(await ageOf({ service, client: longer })).toMatchObject({ seconds: 90 });
  const call = { timeouts: { maxAgeMs: 70_000 } };
  expect(await ageOf({ service, client: longer }, call)).toMatchObject({ seconds: 70 });
  expect(await ageOf({ service, client: longer }, { timeoutMs: 5000 })).toMatchObject({
    seconds: 5,
    code: Code.DeadlineExceeded,
  });
});

it("a timeoutMs of 0 turns the schema's limit off", async () => {
  const service = { timeouts: { maxAgeMs: 100_000 } };
  const client = { timeoutMs: 0, timeouts: { maxAgeMs: 90_000 } };
  expect(await ageOf({ service, client })).toMatchObject({ seconds: 90, code: Code.Unavailable });
});

it("code that sets one key leaves the others to the schema", async () => {
  expect(await ageOf({ service: { timeouts: { idleMs: 80_000 } } })).toMatchObject({
    seconds: 40,
    text: "the stream has reached its maximum age of 40000 ms: reconnect",
  });
  const idle = await ageOf({ service: { timeouts: { idleMs: 8000 } } });
  expect(idle).toMatchObject({ code: Code.DeadlineExceeded, text: "no message for 8000 ms" });
});

it("limits of size hold, of a service and of an RPC", async () => {
  const handler: Partial<PolicyServiceHandler> = {
    read: async ({ text }) => ({ text }),
    async upload(stream) {
      let number = 0n;
      for await (const _ of stream) number++;
      await stream.sendAndClose({ number });
    },
  };
  const text = (length: number) => ({ text: "x".repeat(length) });
  const client = start(handler);
  expect((await client.read(text(400))).text).toHaveLength(400);
  expect((await failure(client.read(text(600)))).code).toBe(Code.ResourceExhausted);
  const upload = client.upload();
  for (let i = 0; i < 4; i++) void upload.send(text(1000)).catch(() => undefined);
  const error = await failure(upload.closeAndRecv());
  expect(error.rawMessage).toContain("is larger than configured readStreamMaxBytes 3000");
  const wider = start(handler, { service: { limits: { readMaxBytes: 700 } } });
  expect((await wider.read(text(600))).text).toHaveLength(600);
});

it("retries are made, for unary RPCs too, unless code turns them off", async () => {
  let attempts = 0;
  const busy = async () => {
    attempts++;
    throw new ConnectError("busy", Code.Unavailable);
  };
  const tries = async (options: Options, call?: StreamCallOptions) => {
    attempts = 0;
    const client = start({ read: busy, follow: busy }, options);
    await inTime(failure(client.read({}, call)), 1);
    const unary = attempts;
    await inTime(failure(client.follow({}, call).recv()), 1);
    return [unary, attempts - unary];
  };
  expect(await tries({})).toEqual([3, 3]);
  expect(await tries({ client: { retry: false } })).toEqual([1, 1]);
  expect(await tries({}, { retry: false })).toEqual([1, 1]);
  const retry = { maxAttempts: 2, retryableCodes: [Code.Unavailable] };
  expect(await tries({ client: { retry } })).toEqual([2, 2]);
});

it("the time of a unary call has the schema's limit", async () => {
  const over = gate();
  const client = start({
    async read() {
      await over.promise;
      return {};
    },
  });
  const read = failure(client.read({}));
  await pass(59_999);
  await pass(1);
  expect((await read).code).toBe(Code.DeadlineExceeded);
  over.resolve();
});
