// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RetryPolicy, StreamClientOptions } from "connect-stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, turn } from "../support/gate.js";
import {
  createDeclaredServiceClient,
  registerDeclaredService,
} from "../support/gen/lab/v1/declared_stream.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, startLab } from "../support/lab.js";
import { grpcOn2, wires } from "../support/wires.js";

const quick: RetryPolicy = {
  initialBackoffMs: 1,
  maxBackoffMs: 1,
  retryableCodes: [Code.Unavailable],
};
const busy = (metadata?: HeadersInit) => new ConnectError("busy", Code.Unavailable, metadata);
const texts = [{ text: "a" }, { text: "b" }, { text: "c" }];

async function start(
  handler: Partial<LabServiceHandler>,
  options: StreamClientOptions = { retry: quick },
): Promise<{ lab: Lab; client: LabServiceClient }> {
  const lab = await startLab(handler);
  onTestFinished(() => lab[Symbol.asyncDispose]());
  return { lab, client: createLabServiceClient(ourTransport(lab.url, grpcOn2), options) };
}

/** A handler's beginning that fails so many times. */
function failing(times: number, error: () => ConnectError = busy) {
  const previous: (string | null)[] = [];
  const pass = ({ requestHeader }: { requestHeader: Headers }) => {
    previous.push(requestHeader.get("grpc-previous-rpc-attempts"));
    if (previous.length <= times) throw error();
  };
  return {
    previous,
    pass,
    async refuse(context: { requestHeader: Headers }) {
      pass(context);
      return {};
    },
  };
}

const transports = [
  { on: "our transport", create: ourTransport },
  { on: "Connect-Node's transport", create: connectNodeTransport },
];
const cases = wires.flatMap((wire) => transports.map((t) => ({ ...t, wire, name: wire.name })));

describe.each(cases)("retries on $on, $name", ({ wire, create }) => {
  async function flaky(times: number) {
    const door = failing(times);
    const lab = await startLab(
      {
        async unary(request, context) {
          door.pass(context);
          return request;
        },
        async download(request, stream) {
          door.pass(stream.context);
          await stream.send(request);
        },
        async upload(stream) {
          // The first attempt fails in the middle of the upload.
          const first = await stream.recv();
          door.pass(stream.context);
          let text = first?.text ?? "";
          for await (const note of stream) text += note.text;
          await stream.sendAndClose({ text });
        },
        async chat(stream) {
          const first = await stream.recv();
          door.pass(stream.context);
          if (first) await stream.send(first);
          for await (const note of stream) await stream.send(note);
        },
      },
      { http: wire.http },
    );
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const client = createLabServiceClient(create(lab.url, wire), { retry: quick });
    return { door, client };
  }

  it("repeat a unary call, and tell the server so", async () => {
    const { door, client } = await flaky(2);
    expect(await client.unary({ text: "a" })).toMatchObject({ text: "a" });
    expect(door.previous).toEqual([null, "1", "2"]);
  });

  it("repeat a download", async () => {
    const { door, client } = await flaky(2);
    const stream = client.download({ text: "a" });
    expect(await stream.recv()).toMatchObject({ text: "a" });
    expect(await stream.recv()).toBeUndefined();
    expect(await stream.outcome).toMatchObject({ code: undefined, attempts: 3 });
    expect(door.previous).toEqual([null, "1", "2"]);
  });

  it("send the messages of an upload again", async () => {
    const { client } = await flaky(2);
    const stream = client.upload();
    for (const note of texts) await stream.send(note);
    expect(await stream.closeAndRecv()).toMatchObject({ text: "abc" });
    expect(await stream.outcome).toMatchObject({ attempts: 3, sent: { messages: 3 } });
  });

  it.runIf(wire.http === "2")("send the messages of a chat again", async () => {
    const { client } = await flaky(1);
    const stream = client.chat();
    await stream.send({ text: "a" });
    expect(await stream.recv()).toMatchObject({ text: "a" });
    await stream.send({ text: "b" });
    expect(await stream.recv()).toMatchObject({ text: "b" });
    await stream.closeSend();
    expect(await stream.recv()).toBeUndefined();
    expect(await stream.outcome).toMatchObject({ attempts: 2, received: { messages: 2 } });
  });

  it("give the last error when all attempts have failed", async () => {
    const { client } = await flaky(9);
    const stream = client.download({});
    expect(await failure(stream.recv())).toMatchObject({ code: Code.Unavailable });
    expect(await stream.outcome).toMatchObject({ code: Code.Unavailable, attempts: 4 });
    expect((await failure(client.unary({}))).code).toBe(Code.Unavailable);
  });
});

describe("retries", () => {
  it("are off by default", async () => {
    const door = failing(1);
    const { client } = await start({ unary: (_, context) => door.refuse(context) }, {});
    expect((await failure(client.unary({}))).code).toBe(Code.Unavailable);
  });

  it("can be turned off, or changed, for a call", async () => {
    const door = failing(3);
    const { client } = await start({
      download: async (_, stream) => door.pass(stream.context),
    });
    await failure(client.download({}, { retry: false }).recv());
    expect(door.previous).toHaveLength(1);
    await failure(client.download({}, { retry: { ...quick, maxAttempts: 2 } }).recv());
    expect(door.previous).toHaveLength(3);
  });

  it("try five times at most, as gRPC has it", async () => {
    const door = failing(99);
    const retry = { ...quick, maxAttempts: 50 };
    const { client } = await start({ unary: (_, context) => door.refuse(context) }, { retry });
    await failure(client.unary({}));
    expect(door.previous).toHaveLength(5);
  });

  it("leave other codes alone", async () => {
    const door = failing(9, () => new ConnectError("no", Code.InvalidArgument));
    const { client } = await start({ download: async (_, s) => door.pass(s.context) });
    expect((await failure(client.download({}).recv())).code).toBe(Code.InvalidArgument);
    expect(door.previous).toHaveLength(1);
  });

  it("stop when a message has been seen", async () => {
    let calls = 0;
    const { client } = await start({
      async download(_, stream) {
        calls++;
        await stream.send({ text: "a" });
        throw busy();
      },
    });
    const stream = client.download({});
    expect(await stream.recv()).toMatchObject({ text: "a" });
    expect((await failure(stream.recv())).code).toBe(Code.Unavailable);
    expect(calls).toBe(1);
    expect(await stream.outcome).toMatchObject({ attempts: 1, received: { messages: 1 } });
  });

  it("stop when somebody has seen the headers", async () => {
    const door = failing(9);
    const seen = gate();
    const { client } = await start({
      async download(_, stream) {
        stream.sendHeaders();
        await seen.promise;
        door.pass(stream.context);
      },
    });
    const stream = client.download({});
    await stream.header;
    seen.resolve();
    expect((await failure(stream.recv())).code).toBe(Code.Unavailable);
    expect(door.previous).toHaveLength(1);
  });

  it("give the headers and trailers of the last attempt", async () => {
    const door = failing(1, () => busy({ which: "first" }));
    const { client } = await start({
      async download(_, stream) {
        door.pass(stream.context);
        stream.context.responseHeader.set("which", "second");
        stream.context.responseTrailer.set("which", "second, too");
      },
    });
    const stream = client.download({});
    expect(await stream.recv()).toBeUndefined();
    expect((await stream.header).get("which")).toBe("second");
    expect((await stream.trailer).get("which")).toBe("second, too");
  });

  it("stop when more was sent than is kept", async () => {
    const door = failing(9);
    const enough = gate();
    const { client } = await start(
      {
        async upload(stream) {
          await enough.promise;
          door.pass(stream.context);
        },
      },
      { retry: { ...quick, maxBufferBytes: 1000 } },
    );
    const stream = client.upload();
    await stream.send({ payload: new Uint8Array(600) });
    await stream.send({ payload: new Uint8Array(600) });
    enough.resolve();
    expect((await failure(stream.closeAndRecv())).code).toBe(Code.Unavailable);
    expect(door.previous).toHaveLength(1);
  });

  it("send what a message was when it was sent", async () => {
    const door = failing(1);
    const { client } = await start({
      async upload(stream) {
        const note = await stream.recv();
        door.pass(stream.context);
        await stream.sendAndClose({ text: note?.text ?? "" });
      },
    });
    const stream = client.upload();
    const note = { text: "before" };
    await stream.send(note);
    note.text = "after";
    expect(await stream.closeAndRecv()).toMatchObject({ text: "before" });
  });

  it("survive a lost connection", async () => {
    const arrived = gate();
    let calls = 0;
    const { lab } = await start({
      async upload(stream) {
        let text = "";
        for await (const note of stream) {
          text += note.text;
          if (calls === 0) arrived.resolve();
        }
        await stream.sendAndClose({ text });
      },
    });
    const client = createLabServiceClient(ourTransport(lab.fragileUrl, grpcOn2), { retry: quick });
    const stream = client.upload();
    await stream.send({ text: "a" });
    await arrived.promise;
    calls++;
    lab.cut();
    await stream.send({ text: "b" });
    expect(await stream.closeAndRecv()).toMatchObject({ text: "ab" });
    expect((await stream.outcome).attempts).toBe(2);
  });
});

it("a call fails if a later attempt cannot even be made", async () => {
  let attempts = 0;
  const refuse = () => {
    if (++attempts > 1) throw new ConnectError("token expired", Code.Unauthenticated);
    return Promise.reject(busy());
  };
  const client = createLabServiceClient({ unary: refuse, stream: refuse }, { retry: quick });
  const stream = client.chat();
  expect((await failure(stream.recv())).code).toBe(Code.Unauthenticated);
  expect((await failure(stream.send({ text: "a" }))).code).toBe(Code.Unauthenticated);
  const outcome = { code: Code.Unauthenticated, endedBy: "client" };
  expect(await stream.outcome).toMatchObject(outcome);
});

describe("what the server asks for", () => {
  it("is how long a client waits", async () => {
    const door = failing(1, () => busy({ "grpc-retry-pushback-ms": "1" }));
    // Its own wait would outlast the test.
    const retry = { ...quick, initialBackoffMs: 600_000, maxBackoffMs: 600_000 };
    const { client } = await start(
      {
        async unary(request, context) {
          door.pass(context);
          return request;
        },
      },
      { retry },
    );
    expect(await client.unary({ text: "a" })).toMatchObject({ text: "a" });
  });

  it.each(["-1", "soon", "007", "99999999999"])("is no retry, if it is %s", async (value) => {
    const door = failing(9, () => busy({ "grpc-retry-pushback-ms": value }));
    const { client } = await start({ download: async (_, s) => door.pass(s.context) });
    await failure(client.download({}).recv());
    expect(door.previous).toHaveLength(1);
  });
});

describe("while a client waits for the next attempt", () => {
  const retry = { ...quick, initialBackoffMs: 600_000, maxBackoffMs: 600_000 };

  /** A chat whose first attempt has failed: what it sent is not accepted any more. */
  async function waiting(options: Parameters<LabServiceClient["chat"]>[0] = {}) {
    const refuse = () => Promise.reject(busy());
    const client = createLabServiceClient({ unary: refuse, stream: refuse }, { retry });
    const stream = client.chat(options);
    const recv = failure(stream.recv());
    await turn();
    return { stream, recv };
  }

  it("close settles everything", async () => {
    const { stream, recv } = await waiting();
    const send = failure(stream.send({}));
    stream.close();
    for (const error of [await recv, await send, await failure(stream.header)]) {
      expect(error.code).toBe(Code.Canceled);
    }
    await stream.closeSend();
    const outcome = { code: Code.Canceled, endedBy: "client", attempts: 1 };
    expect(await stream.outcome).toMatchObject(outcome);
    expect((await failure(stream.recv())).code).toBe(Code.Canceled);
  });

  it("an aborted signal settles everything", async () => {
    const controller = new AbortController();
    const { stream, recv } = await waiting({ signal: controller.signal });
    controller.abort();
    expect((await recv).code).toBe(Code.Canceled);
    expect((await stream.outcome).endedBy).toBe("client");
  });

  it("the deadline settles everything", async () => {
    const { stream, recv } = await waiting({ timeoutMs: 200 });
    expect((await recv).code).toBe(Code.DeadlineExceeded);
    expect((await stream.outcome).endedBy).toBe("deadline");
  });

  it("a unary call can be aborted, and has its deadline", async () => {
    const { client } = await start({ unary: () => Promise.reject(busy()) }, { retry });
    expect((await failure(client.unary({}, { timeoutMs: 50 }))).code).toBe(Code.DeadlineExceeded);
    const signal = AbortSignal.timeout(50);
    expect((await failure(client.unary({}, { signal }))).code).toBe(Code.Canceled);
  });
});

describe("without codes of its own, a policy", () => {
  const retry = { initialBackoffMs: 1, maxBackoffMs: 1 };

  it("repeats RPCs that the schema declares idempotent", async () => {
    const door = failing(1);
    const lab = await startLab(
      {},
      {
        routes: (router) =>
          registerDeclaredService(router, {
            async look(request, context) {
              door.pass(context);
              return request;
            },
            async follow(request, stream) {
              door.pass(stream.context);
              await stream.send(request);
            },
          }),
      },
    );
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const client = createDeclaredServiceClient(ourTransport(lab.url, grpcOn2), { retry });
    expect(await client.look({ text: "a" })).toMatchObject({ text: "a" });
    door.previous.length = 0;
    expect(await client.follow({ text: "b" }).recv()).toMatchObject({ text: "b" });
    expect(door.previous).toEqual([null, "1"]);
  });

  it("does not repeat others, once a request has left", async () => {
    const door = failing(9);
    const handler: Partial<LabServiceHandler> = {
      unary: (_, context) => door.refuse(context),
      download: async (_, stream) => door.pass(stream.context),
    };
    const { client } = await start(handler, { retry });
    await failure(client.unary({}));
    await failure(client.download({}).recv());
    expect(door.previous).toEqual([null, null]);
  });

  it("repeats them if there was no connection", async () => {
    const lab = await startLab({});
    await lab[Symbol.asyncDispose]();
    const client = createLabServiceClient(ourTransport(lab.url, grpcOn2), { retry });
    const stream = client.upload();
    expect((await failure(stream.closeAndRecv())).code).toBe(Code.Unavailable);
    expect(await stream.outcome).toMatchObject({ attempts: 4, endedBy: "connection" });
  });
});

describe("throttling", () => {
  it("stops retries while most calls fail", async () => {
    let calls = 0;
    let healthy = false;
    const retry = { ...quick, maxAttempts: 2, throttling: { maxTokens: 4, tokenRatio: 1 } };
    const { client } = await start(
      {
        async unary() {
          calls++;
          if (!healthy) throw busy();
          return {};
        },
      },
      { retry },
    );
    const attempts = async () => {
      const before = calls;
      await client.unary({}).catch(() => undefined);
      return calls - before;
    };
    expect(await attempts()).toBe(2); // 4 tokens, then 3, then 2: no more than half
    expect(await attempts()).toBe(1);
    healthy = true;
    for (let i = 0; i < 4; i++) await attempts();
    healthy = false;
    expect(await attempts()).toBe(2);
  });
});

it.each([
  [{ maxAttempts: 1 }, "retry.maxAttempts must be at least 2, not 1: set retry: false"],
  [{ maxAttempts: 2.5 }, "retry.maxAttempts must be a whole number"],
  [{ initialBackoffMs: 0 }, "retry.initialBackoffMs must be a number, at least 1"],
  [{ maxBackoffMs: Number.NaN }, "retry.maxBackoffMs must be a number, at least 1"],
  [{ backoffMultiplier: 0 }, "retry.backoffMultiplier must be a number, more than 0"],
  [{ retryableCodes: [] }, "retry.retryableCodes must list at least one code"],
  [{ retryableCodes: [99] }, "retry.retryableCodes must be of Connect's Code"],
  [{ maxBufferBytes: -1 }, "retry.maxBufferBytes must be a whole number from 0"],
  [{ throttling: { maxTokens: 0, tokenRatio: 1 } }, "retry.throttling.maxTokens must be"],
  [{ throttling: { maxTokens: 1, tokenRatio: 0 } }, "retry.throttling.tokenRatio must be"],
] as [RetryPolicy, string][])("refuses %j at once", (retry, message) => {
  const transport = ourTransport("http://127.0.0.1:1", grpcOn2);
  const refusal = expect.objectContaining({
    name: "RangeError",
    message: expect.stringContaining(message),
  });
  expect(() => createLabServiceClient(transport, { retry })).toThrow(refusal);
  expect(() => createLabServiceClient(transport).download({}, { retry })).toThrow(refusal);
});
