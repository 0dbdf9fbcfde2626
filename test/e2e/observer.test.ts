// SPDX-License-Identifier: Apache-2.0
import { toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { type QueueFills, resumable } from "connect-stream";
import { describe, expect, it, onTestFinished } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { pair } from "../support/fixture.js";
import { failure, gate, until } from "../support/gate.js";
import { type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import type { LabServiceHandler } from "../support/gen/lab/v1/lab_stream.js";
import { bulk } from "../support/note.js";
import { Recorder, sum } from "../support/recorder.js";
import { echo, sizes, watched } from "../support/watched.js";
import { wires } from "../support/wires.js";

describeEach(({ wire, client: kind }) => {
  async function observedPair() {
    const server = new Recorder();
    const p = await pair({ wire, client: kind }, echo, { service: { observer: server } });
    onTestFinished(() => p[Symbol.asyncDispose]());
    return { server, client: p.client };
  }

  it("a server's observer sees a download", async () => {
    const { server, client } = await observedPair();
    expect(await all(client.download({ text: "a,bc" }))).toHaveLength(2);
    const { call, told, sent, received, outcome } = await server.only();
    expect(call).toMatchObject({ side: "server", protocol: wire.protocol });
    expect(call.method.name).toBe("Download");
    expect(call.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/lab\.v1\.LabService\/Download$/);
    expect(call.peer).toMatchObject({ address: expect.stringMatching(/127\.0\.0\.1$/) });
    expect(told).toEqual(["received", "header", "sent", "sent", "end"]);
    expect([received, sent]).toEqual([sizes("a,bc"), sizes("a", "bc")]);
    expect(outcome).toMatchObject({
      code: undefined,
      error: undefined,
      endedBy: "server",
      attempts: 1,
      received: { messages: 1, bytes: sum(received) },
      sent: { messages: 2, bytes: sum(sent) },
    });
  });

  it("a server's observer sees an upload and a unary call", async () => {
    const { server, client } = await observedPair();
    const call = client.upload();
    for (const text of ["a", "b", "c"]) await call.send({ text });
    call.closeSend();
    await call.recv();
    const upload = await server.only();
    expect(upload.received).toEqual(sizes("a", "b", "c"));
    expect(upload.sent).toEqual(sizes("a,b,c"));
    await client.unary({ text: "a" });
    const unary = (await server.ended(2))[1];
    expect(unary?.call.method.name).toBe("Unary");
    expect(unary?.told).toEqual(["received", "header", "sent", "end"]);
    expect(unary?.outcomes).toMatchObject([
      { code: undefined, endedBy: "server", sent: { messages: 1 }, received: { messages: 1 } },
    ]);
  });

  if (wire.http !== "2") return;

  it("a server's observer sees a chat", async () => {
    const { server, client } = await observedPair();
    const call = client.chat();
    await call.send({ text: "a" });
    await call.recv();
    call.closeSend();
    await all(call);
    const { told } = await server.only();
    expect(told).toEqual(["received", "header", "sent", "end"]);
  });
});

const transports = [
  { on: "our transport", create: ourTransport, known: true },
  { on: "Connect-Node's transport", create: connectNodeTransport, known: false },
];
const cases = wires.flatMap((wire) => transports.map((t) => ({ ...t, wire, name: wire.name })));

describe.each(cases)("a client's observer on $on, $name", ({ wire, create, known }) => {
  const of = (...texts: string[]) => (known ? sizes(...texts) : texts.map(() => 0));

  it("sees a download", async () => {
    const { client, local } = await watched(echo, { wire, create });
    const stream = client.download({ text: "a,bc" });
    expect(await all(stream)).toHaveLength(2);
    const { call, told, sent, received, outcome } = await local.only();
    expect(call).toMatchObject({ side: "client", peer: undefined });
    expect(call.protocol).toBe(known ? wire.protocol : undefined);
    if (known) expect(call.url).toMatch(/^http:.*\/lab\.v1\.LabService\/Download$/);
    else expect(call.url).toBeUndefined();
    expect(told.filter((name) => name !== "end")).toEqual([
      "sent",
      "header",
      "received",
      "received",
    ]);
    expect([sent, received]).toEqual([of("a,bc"), of("a", "bc")]);
    expect(outcome).toBe(await stream.outcome);
  });

  it("sees an upload and a unary call", async () => {
    const { client, local } = await watched(echo, { wire, create });
    const stream = client.upload();
    for (const text of ["a", "b"]) await stream.send({ text });
    await stream.closeAndRecv();
    const upload = await local.only();
    expect([upload.sent, upload.received]).toEqual([of("a", "b"), of("a,b")]);
    await client.unary({ text: "a" });
    const unary = (await local.ended(2))[1];
    expect(unary?.call.method.name).toBe("Unary");
    expect(unary?.told).toEqual(["sent", "header", "received", "end"]);
    const [bytes] = of("a");
    expect(unary?.outcomes).toMatchObject([
      { code: undefined, endedBy: "server", attempts: 1, received: { messages: 1, bytes } },
    ]);
  });

  it("adds headers to every call", async () => {
    const seen: (string | null)[] = [];
    const { client } = await watched(
      {
        async unary(request, { requestHeader }) {
          seen.push(requestHeader.get("x-trace"), requestHeader.get("x-own"));
          return request;
        },
        async download(_, { context }) {
          seen.push(context.requestHeader.get("x-trace"), context.requestHeader.get("x-own"));
        },
      },
      {
        wire,
        create,
        client: {
          observer: {
            open({ requestHeader }) {
              requestHeader.set("x-trace", "1");
              return undefined;
            },
          },
        },
      },
    );
    const headers = { "x-own": "2" };
    await client.unary({}, { headers });
    await all(client.download({}, { headers }));
    expect(seen).toEqual(["1", "2", "1", "2"]);
    expect(headers).toEqual({ "x-own": "2" });
  });
});

describe("sizes", () => {
  it("are those of messages as they travel", async () => {
    const compression = { acceptCompression: [compressionGzip], compressMinBytes: 1 };
    const { client, local, server } = await watched(echo, {
      transport: { ...compression, sendCompression: compressionGzip },
    });
    const text = "x".repeat(1000);
    const stream = client.upload();
    for (let count = 0; count < 3; count++) await stream.send({ text });
    await stream.closeAndRecv();
    const here = await local.only();
    const there = await server.only();
    expect(here.sent).toHaveLength(3);
    expect(sum(here.sent)).toBeLessThan(1000);
    expect(here.sent).toEqual(there.received);
    expect(sum(here.sent)).toBe(here.outcome.sent.bytes);
    expect(sum(there.received)).toBe(there.outcome.received.bytes);
    expect(sum(there.sent)).toBe(there.outcome.sent.bytes);
    expect(here.received).toEqual(there.sent);
  });

  it("are told whole for messages that come in pieces, and for empty ones", async () => {
    const { client, local, server } = await watched(
      {
        async download(_, stream) {
          await stream.send({});
          await stream.send(bulk(300_000));
          await stream.send({});
        },
      },
      { transport: { acceptCompression: [] } },
    );
    await all(client.download({}));
    const { received } = await local.only();
    expect(received).toEqual((await server.only()).sent);
    expect(received).toEqual([0, toBinary(NoteSchema, bulk(300_000)).byteLength, 0]);
  });

  it("are 0 behind a client's interceptors", async () => {
    const { client, local } = await watched(echo, {
      transport: { interceptors: [(next) => next] },
    });
    await all(client.download({ text: "a,b" }));
    const { call, sent, received, outcome } = await local.only();
    expect([sent, received, outcome.received]).toEqual([
      [0],
      [0, 0],
      { messages: 2, bytes: 0, dropped: 0 },
    ]);
    expect(call.protocol).toBe("grpc");
  });

  it("are known behind a server's interceptors", async () => {
    const { client, server } = await watched(echo, { service: { interceptors: [(next) => next] } });
    await all(client.download({ text: "a,b" }));
    expect(await server.only()).toMatchObject({ received: sizes("a,b"), sent: sizes("a", "b") });
  });

  it("are told of messages that nobody reads", async () => {
    const arrived = gate();
    const server = new Recorder();
    const { client } = await watched(
      {
        async upload() {
          await arrived.promise;
          throw new ConnectError("full", Code.ResourceExhausted);
        },
      },
      { service: { observer: server } },
    );
    const stream = client.upload();
    for (const text of ["a", "b", "c"]) await stream.send({ text });
    await until(() => server.calls[0]?.received.length === 3);
    arrived.resolve();
    await failure(stream.closeAndRecv());
    const { received, outcome } = await server.only();
    expect(received).toEqual(sizes("a", "b", "c"));
    expect(outcome.received).toMatchObject({ messages: 3, bytes: sum(received) });
  });
});

describe("waits in send", () => {
  // One fills what a reader that does not read holds, and the window does not let another through.
  const PIECE = 256 * 1024;
  const COUNT = 24;
  const transport = { acceptCompression: [] };

  interface Sender {
    readonly queued: Pick<QueueFills, "send">;
    send(message: Note): Promise<void>;
  }

  /** Sends all, and shows how far it is. */
  class Sending {
    sent = 0;
    #stream: Sender | undefined;

    async all(stream: Sender): Promise<void> {
      this.#stream = stream;
      for (; this.sent < COUNT; this.sent++) await stream.send(bulk(PIECE));
    }

    /** Resolves when flow control holds a message back, after `sent` others. */
    blocked(sent = 1): Promise<void> {
      return until(() => this.sent >= sent && this.#stream?.queued.send.messages === 1);
    }
  }

  it.each(transports)("are told on both sides, on $on", async ({ create }) => {
    const read = gate();
    const down = new Sending();
    const up = new Sending();
    const { client, local, server } = await watched(
      {
        download: (_, stream) => down.all(stream),
        async upload(stream) {
          await read.promise;
          for await (const _ of stream);
          await stream.sendAndClose({});
        },
      },
      { create, transport },
    );
    const download = client.download({});
    await down.blocked();
    await all(download);
    const slow = (await server.ended(1))[0];
    expect(slow?.waits.length).toBeGreaterThan(0);
    expect(slow?.waits.every((ms) => ms > 0)).toBe(true);
    const upload = client.upload();
    const sending = up.all(upload);
    await up.blocked();
    read.resolve();
    await sending;
    await upload.closeAndRecv();
    const calls = await local.ended(2);
    expect(calls[0]?.waits).toEqual([]);
    expect(calls[1]?.waits.length).toBeGreaterThan(0);
  });

  it("are told when they end with the call", async () => {
    const down = new Sending();
    const download: LabServiceHandler["download"] = (_, stream) => down.all(stream);
    const { client, server } = await watched({ download }, { transport });
    const stream = client.download({});
    await down.blocked(2);
    stream.close();
    const { told } = await server.only();
    expect(told.slice(-2)).toEqual(["wait", "end"]);
  });

  it("are none for messages that have a place in a queue, and those that are dropped count", async () => {
    const down = new Sending();
    const { client, server } = await watched(
      { download: (_, stream) => down.all(stream) },
      { service: { queues: { send: { maxMessages: 2, whenFull: "drop-oldest" } } } },
    );
    const stream = client.download({});
    await until(() => down.sent === COUNT);
    await all(stream);
    const { waits, sent, outcome } = await server.only();
    expect(waits).toEqual([]);
    expect(outcome.sent.messages).toBe(sent.length);
    expect(outcome.sent.dropped).toBe(COUNT - sent.length);
  });

  it("are none for messages that wait for a connection", async () => {
    const { client, local } = await watched(echo);
    const stream = client.upload();
    await Promise.all(["a", "b", "c"].map((text) => stream.send({ text })));
    await stream.closeAndRecv();
    expect((await local.only()).waits).toEqual([]);
  });

  it("are none for messages that are compressed", async () => {
    const { client, local } = await watched(echo, {
      transport: { sendCompression: compressionGzip, compressMinBytes: 1 },
    });
    const stream = client.upload();
    for (const text of ["a", "b", "c"]) await stream.send({ text });
    await stream.closeAndRecv();
    expect((await local.only()).waits).toEqual([]);
  });
});

describe("retries", () => {
  const busy = new ConnectError("busy", Code.Unavailable);
  const retry = { initialBackoffMs: 1, maxBackoffMs: 1, retryableCodes: [Code.Unavailable] };

  it("are one call for the client, and a call each for the server", async () => {
    let failures = 2;
    const { client, local, server } = await watched(
      {
        async download(request, stream) {
          if (failures-- > 0) throw busy;
          await stream.send(request);
        },
      },
      { client: { retry } },
    );
    await all(client.download({ text: "a" }));
    const { told, sent, retries, outcome } = await local.only();
    expect(told.filter((name) => name !== "header")).toEqual([
      "sent",
      "retry",
      "sent",
      "retry",
      "sent",
      "received",
      "end",
    ]);
    expect(sent).toEqual(sizes("a", "a", "a"));
    expect(retries).toMatchObject([
      { attempt: 2, error: { code: Code.Unavailable } },
      { attempt: 3, error: { code: Code.Unavailable } },
    ]);
    expect(outcome).toMatchObject({ code: undefined, attempts: 3 });
    const attempts = (await server.ended(3)).map(({ outcomes }) => outcomes[0]?.attempts);
    expect(attempts).toEqual([1, 2, 3]);
  });

  it("are told of unary calls", async () => {
    let failures = 1;
    const { client, local, server } = await watched(
      {
        async unary(request) {
          if (failures-- > 0) throw busy;
          return request;
        },
      },
      { client: { retry } },
    );
    await client.unary({});
    const { told, retries, outcome } = await local.only();
    expect(told.filter((name) => name !== "header")).toEqual([
      "sent",
      "retry",
      "sent",
      "received",
      "end",
    ]);
    expect(retries).toMatchObject([{ attempt: 2, error: { code: Code.Unavailable } }]);
    expect(outcome).toMatchObject({ code: undefined, attempts: 2 });
    const attempts = (await server.ended(2)).map(({ outcomes }) => outcomes[0]?.attempts);
    expect(attempts).toEqual([1, 2]);
  });

  it("a resumable stream is a call after the other", async () => {
    let failures = 1;
    const { client, local } = await watched({
      async download(_, stream) {
        await stream.send({});
        if (failures-- > 0) throw busy;
      },
    });
    const options = { request: {}, next: () => ({}), initialBackoffMs: 1 };
    await all(resumable(client.download, options));
    const calls = await local.ended(2);
    expect(calls.map(({ outcomes: [end] }) => [end?.code, end?.attempts])).toEqual([
      [Code.Unavailable, 1],
      [undefined, 1],
    ]);
  });
});
