// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  type CreateTransport,
  connectNodeTransport,
  ourTransport,
} from "../support/clients/transports.js";
import { atRest, failure, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  type ChatServerStream,
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceClient,
  type LabServiceHandler,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
import { wires } from "../support/wires.js";

const transports: { on: string; create: CreateTransport; ours: boolean }[] = [
  { on: "our transport", create: ourTransport, ours: true },
  { on: "Connect-Node's transport", create: connectNodeTransport, ours: false },
];
const cases = wires.flatMap((wire) => transports.map((t) => ({ ...t, wire, name: wire.name })));

describe.each(cases)("the generated client, $on, $name", ({ wire, create, ours }) => {
  const fullDuplex = wire.http === "2";

  async function start(
    handler: Partial<LabServiceHandler>,
  ): Promise<{ lab: Lab; client: LabServiceClient; transport: Transport } & AsyncDisposable> {
    const lab = await startLab(handler, { http: wire.http });
    const transport = create(lab.url, wire);
    const client = createLabServiceClient(transport);
    return { lab, client, transport, [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose]() };
  }

  /** A download that goes on until somebody stops it. */
  function endless() {
    return observed(async (_: Note, stream: DownloadServerStream) => {
      for (let i = 0n; ; i++) await stream.send({ number: i, payload: new Uint8Array(4096) });
    });
  }

  it("leaving for await early closes the call", async () => {
    const { handler, ended } = endless();
    await using s = await start({ download: handler });
    for await (const { number } of s.client.download({})) if (number === 3n) break;
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await s.lab.idle();
  });

  it("throwing out of for await closes the call", async () => {
    const { handler, ended } = endless();
    await using s = await start({ download: handler });
    const stream = s.client.download({});
    const thrown = (async () => {
      for await (const _ of stream) throw new Error("mine");
    })();
    await expect(thrown).rejects.toThrow("mine");
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    expect((await stream.outcome).endedBy).toBe("client");
    await s.lab.idle();
  });

  it("await using closes the call", async () => {
    const { handler, ended } = endless();
    await using s = await start({ download: handler });
    {
      await using stream = s.client.download({});
      expect((await stream.recv())?.number).toBe(0n);
    }
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await s.lab.idle();
  });

  it("an AbortSignal ends the call with its reason", async () => {
    const { handler, ended } = endless();
    await using s = await start({ download: handler });
    const controller = new AbortController();
    const stream = s.client.download({}, { signal: controller.signal });
    await stream.recv();
    controller.abort(new ConnectError("I have other plans", Code.Aborted));
    const error = await failure(drain(stream));
    expect(error.code).toBe(Code.Aborted);
    expect(error.rawMessage).toBe("I have other plans");
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await s.lab.idle();
  });

  it("a signal that is aborted before the call keeps it from being made", async () => {
    await using s = await start({});
    const signal = AbortSignal.abort();
    const download = s.client.download({}, { signal });
    const upload = s.client.upload({ signal });
    const errors = await Promise.all(
      [
        download.recv(),
        download.header,
        download.trailer,
        upload.send({}),
        upload.closeAndRecv(),
      ].map(failure),
    );
    expect(errors.map(({ code }) => code)).toEqual(Array(5).fill(Code.Canceled));
    expect(s.lab.served).toBe(0);
  });

  it("a call that is closed at once rejects everything with canceled", async () => {
    await using s = await start({});
    const upload = s.client.upload();
    upload.close();
    upload.close();
    const errors = await Promise.all(
      [upload.send({}), upload.closeAndRecv(), upload.header, upload.trailer].map(failure),
    );
    expect(errors.map(({ code }) => code)).toEqual(Array(4).fill(Code.Canceled));
    expect((await upload.outcome).endedBy).toBe("client");
    await s.lab.idle();
  });

  it("closing a call that has ended changes nothing", async () => {
    await using s = await start({
      async download(_request, stream) {
        await stream.send({ text: "kept" });
      },
    });
    const stream = s.client.download({});
    expect((await stream.recv())?.text).toBe("kept");
    expect(await stream.recv()).toBeUndefined();
    stream.close();
    expect(await stream.recv()).toBeUndefined();
    expect((await stream.outcome).code).toBeUndefined();
  });

  it("closeAndRecv gives the same response each time", async () => {
    await using s = await start({ upload: (stream) => stream.sendAndClose({ text: "one" }) });
    const upload = s.client.upload();
    const [a, b] = await Promise.all([upload.closeAndRecv(), upload.closeAndRecv()]);
    expect([a.text, b.text, (await upload.closeAndRecv()).text]).toEqual(["one", "one", "one"]);
  });

  it("sending after the half-close rejects", async () => {
    await using s = await start({
      async upload(stream) {
        for await (const _ of stream);
        await stream.sendAndClose({ text: "done" });
      },
    });
    const upload = s.client.upload();
    const response = upload.closeAndRecv();
    expect((await failure(upload.send({}))).code).toBe(Code.FailedPrecondition);
    expect((await response).text).toBe("done");
  });

  it("sends that are not awaited keep their order", async () => {
    const numbers: number[] = [];
    await using s = await start({
      async upload(stream) {
        for await (const { number } of stream) numbers.push(Number(number));
        await stream.sendAndClose({});
      },
    });
    const upload = s.client.upload();
    for (let i = 0n; i < 500n; i++) void upload.send({ number: i });
    await upload.closeAndRecv();
    expect(numbers).toEqual(Array.from({ length: 500 }, (_, i) => i));
  });

  it("concurrent receives get their messages in order", async () => {
    await using s = await start({
      async download(_request, stream) {
        for (let i = 0n; i < 20n; i++) await stream.send({ number: i });
      },
    });
    const stream = s.client.download({});
    const received = await Promise.all(Array.from({ length: 22 }, () => stream.recv()));
    const numbers = received.map((message) => message && Number(message.number));
    expect(numbers).toEqual([...Array(20).keys(), undefined, undefined]);
  });

  it("a recv that gives up loses no message", async () => {
    const go = gate();
    await using s = await start({
      async download(_request, stream) {
        await stream.send({ text: "first" });
        await go.promise;
        await stream.send({ text: "second" });
        await stream.send({ text: "third" });
      },
    });
    const stream = s.client.download({});
    await stream.recv();
    const controller = new AbortController();
    const aborted = failure(stream.recv({ signal: controller.signal }));
    const timedOut = failure(stream.recv({ timeoutMs: 1 }));
    const patient = stream.recv({ timeoutMs: 1_000_000, signal: controller.signal });
    const last = stream.recv();
    expect((await timedOut).code).toBe(Code.DeadlineExceeded);
    controller.abort();
    expect((await aborted).code).toBe(Code.Canceled);
    expect((await failure(patient)).code).toBe(Code.Canceled);
    expect((await failure(stream.recv({ signal: controller.signal }))).code).toBe(Code.Canceled);
    go.resolve();
    expect((await last)?.text).toBe("second");
    expect((await stream.recv({ timeoutMs: 1_000_000 }))?.text).toBe("third");
    expect(await stream.recv()).toBeUndefined();
  });

  it("a send whose signal is aborted sends nothing, and the stream goes on", async () => {
    const go = gate();
    const numbers: number[] = [];
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await go.promise;
      for await (const { number } of stream) numbers.push(Number(number));
      await stream.sendAndClose({});
    });
    await using s = await start({ upload: handler });
    const upload = s.client.upload();
    const early = upload.send(bulk(10, 999), { signal: AbortSignal.abort() });
    expect((await failure(early)).code).toBe(Code.Canceled);
    let accepted = 0;
    const sends: Promise<unknown>[] = [];
    for (let i = 0; i < 300; i++) {
      sends.push(upload.send(bulk(64 * 1024, i)).then(() => accepted++));
    }
    await atRest(() => accepted);
    const controller = new AbortController();
    const taken = upload.send(bulk(10, 999), { signal: controller.signal });
    controller.abort();
    expect((await failure(taken)).code).toBe(Code.Canceled);
    go.resolve();
    await Promise.all(sends);
    await upload.closeAndRecv();
    expect(await ended).toBeUndefined();
    expect(numbers).toEqual([...Array(300).keys()]);
  });

  it("a stream that nobody looks at harms nobody, whatever becomes of it", async () => {
    await using s = await start({
      async download() {
        throw new ConnectError("nobody hears", Code.Aborted);
      },
      async upload() {
        throw new ConnectError("nobody hears", Code.Aborted);
      },
    });
    s.client.download({});
    const upload = s.client.upload();
    void upload.send({});
    void upload.closeAndRecv();
    const nowhere = createLabServiceClient(create("http://127.0.0.1:1", wire));
    const outcomes = [nowhere.download({}).outcome, nowhere.upload().outcome];
    const lost = await Promise.all(ours ? outcomes : []);
    expect(lost.map(({ code }) => code)).toEqual(lost.map(() => Code.Unavailable));
    await s.lab.idle();
  });

  it("a server that cannot be reached is unavailable", async () => {
    const client = createLabServiceClient(create("http://127.0.0.1:1", wire));
    const upload = client.upload();
    const calls = [
      client.unary({}),
      client.download({}).recv(),
      client.download({}).header,
      upload.closeAndRecv(),
      upload.trailer,
    ];
    const errors = await Promise.all(calls.map(failure));
    expect(errors.map(({ code }) => code)).toEqual(calls.map(() => Code.Unavailable));
    expect((await failure(upload.send({}))).code).toBe(Code.Unavailable);
    expect((await upload.outcome).endedBy).toBe("connection");
  });

  it("the outcome tells what happened", async () => {
    await using s = await start({
      async download(_request, stream) {
        await stream.send({ text: "abc" });
        await stream.send({ text: "defg" });
        throw new ConnectError("that is all", Code.OutOfRange);
      },
      async upload(stream) {
        for await (const _ of stream);
        await stream.sendAndClose({ text: "thanks" });
      },
    });
    const upload = s.client.upload();
    await upload.send({ text: "one" });
    await upload.send({ text: "two" });
    await upload.closeAndRecv();
    const good = await upload.outcome;
    expect(good).toMatchObject({ code: undefined, error: undefined, endedBy: "server" });
    expect(good.sent.messages).toBe(2);
    expect(good.received.messages).toBe(1);
    expect(good.durationMs).toBeGreaterThan(0);
    // A foreign transport keeps its bytes to itself. "one" is 5 bytes, "thanks" 8.
    if (ours) expect([good.sent.bytes, good.received.bytes]).toEqual([10, 8]);

    const download = s.client.download({});
    await failure(drain(download));
    const bad = await download.outcome;
    expect(bad).toMatchObject({ code: Code.OutOfRange, endedBy: "server" });
    expect(bad.error?.rawMessage).toBe("that is all");
    expect(bad.received.messages).toBe(2);
  });

  it("the outcome tells a deadline", async () => {
    await using s = await start({ download: () => new Promise(() => undefined) });
    const stream = s.client.download({}, { timeoutMs: 20 });
    expect(await stream.outcome).toMatchObject({
      code: Code.DeadlineExceeded,
      endedBy: "deadline",
    });
  });

  it("header and trailer reject when the call fails without any", async () => {
    await using s = await start({ download: () => new Promise(() => undefined) });
    const stream = s.client.download({});
    stream.close();
    expect((await failure(stream.header)).code).toBe(Code.Canceled);
    expect((await failure(stream.trailer)).code).toBe(Code.Canceled);
  });

  it("onHeader and onTrailer are called", async () => {
    await using s = await start({
      async download(_request, stream) {
        stream.context.responseHeader.set("x-a", "1");
        stream.context.responseTrailer.set("x-b", "2");
        await stream.send({});
        await stream.send({});
      },
      unary: async (_request, context) => {
        context.responseHeader.set("x-a", "1");
        context.responseTrailer.set("x-b", "2");
        return {};
      },
    });
    const seen: (string | null)[] = [];
    const callbacks = {
      onHeader: (header: Headers) => void seen.push(header.get("x-a")),
      onTrailer: (trailer: Headers) => void seen.push(trailer.get("x-b")),
    };
    await drain(s.client.download({}, callbacks));
    await s.client.unary({}, callbacks);
    expect(seen).toEqual(["1", "2", "1", "2"]);
  });

  it("an onHeader that throws fails a call that has not ended", async () => {
    await using s = await start({
      download(_request, stream) {
        stream.sendHeaders();
        return new Promise(() => undefined);
      },
    });
    const onHeader = () => {
      throw new ConnectError("do not like it", Code.DataLoss);
    };
    const stream = s.client.download({}, { onHeader });
    expect((await failure(stream.recv())).code).toBe(Code.DataLoss);
    await s.lab.idle();
  });

  it.each(["onHeader", "onTrailer"])("an async %s that rejects fails the call", async (name) => {
    await using s = await start({
      download(_request, stream) {
        stream.sendHeaders();
        return name === "onHeader" ? new Promise(() => undefined) : Promise.resolve();
      },
      unary: async () => ({}),
    });
    const callbacks = {
      [name]: () => Promise.reject(new ConnectError("do not like it", Code.DataLoss)),
    };
    for (const retry of [undefined, {}]) {
      const options = { ...callbacks, ...(retry && { retry }) };
      expect((await failure(s.client.unary({}, options))).code).toBe(Code.DataLoss);
    }
    if (name === "onTrailer") return;
    expect((await failure(s.client.download({}, callbacks).recv())).code).toBe(Code.DataLoss);
    await s.lab.idle();
  });

  it("calls after a failed one work", async () => {
    await using s = await start({
      unary: async ({ text }) => {
        if (text === "bad") throw new ConnectError("bad", Code.InvalidArgument);
        return { text };
      },
    });
    expect((await failure(s.client.unary({ text: "bad" }))).code).toBe(Code.InvalidArgument);
    expect((await s.client.unary({ text: "good" })).text).toBe("good");
  });

  if (!fullDuplex) {
    it("a chat says that it needs HTTP/2", async () => {
      await using s = await start({ chat: async () => undefined });
      const chat = s.client.chat();
      const error = await failure(chat.recv());
      expect(error.message).toMatch(/HTTP\/2/);
      await failure(chat.send({}));
      await s.lab.idle();
    });
    return;
  }

  it("closeSend is idempotent, and receiving goes on", async () => {
    await using s = await start({
      async chat(stream) {
        for await (const message of stream) await stream.send(message);
        await stream.send({ text: "after the end" });
      },
    });
    const chat = s.client.chat();
    await chat.send({ text: "hello" });
    await Promise.all([chat.closeSend(), chat.closeSend()]);
    await chat.closeSend();
    expect((await failure(chat.send({}))).code).toBe(Code.FailedPrecondition);
    expect((await chat.recv())?.text).toBe("hello");
    expect((await chat.recv())?.text).toBe("after the end");
    expect(await chat.recv()).toBeUndefined();
    await chat.closeSend();
    await s.lab.idle();
  });

  it("a server's concurrent receives get their messages in order", async () => {
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      const received = await Promise.all(Array.from({ length: 12 }, () => stream.recv()));
      const numbers = received.map((message) => message && Number(message.number));
      expect(numbers).toEqual([...Array(10).keys(), undefined, undefined]);
    });
    await using s = await start({ chat: handler });
    const chat = s.client.chat();
    for (let i = 0n; i < 10n; i++) await chat.send({ number: i });
    await chat.closeSend();
    expect(await ended).toBeUndefined();
  });

  it("a server's recv that gives up loses no message", async () => {
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      const { code } = await failure(stream.recv({ timeoutMs: 1 }));
      expect(code).toBe(Code.DeadlineExceeded);
      const aborted = stream.recv({ signal: AbortSignal.abort() });
      expect((await failure(aborted)).code).toBe(Code.Canceled);
      expect(stream.context.signal.aborted).toBe(false);
      await stream.send({ text: "go on" });
      expect((await stream.recv({ timeoutMs: 1_000_000 }))?.text).toBe("here");
      expect(await stream.recv()).toBeUndefined();
    });
    await using s = await start({ chat: handler });
    const chat = s.client.chat();
    expect((await chat.recv())?.text).toBe("go on");
    await chat.send({ text: "here" });
    await chat.closeSend();
    expect(await chat.recv()).toBeUndefined();
    expect(await ended).toBeUndefined();
  });
});

async function drain(messages: AsyncIterable<Note>): Promise<void> {
  for await (const _ of messages);
}
