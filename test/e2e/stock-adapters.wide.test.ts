// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport as createWebConnectTransport,
  createGrpcWebTransport as createWebGrpcWebTransport,
} from "@connectrpc/connect-web";
import { describe, expect, it } from "vitest";
import { clientKinds, combinations, grpcJs } from "../support/clients/kinds.js";
import { all, type TestClient } from "../support/clients/test-client.js";
import { isConnect } from "../support/connect-version.js";
import { atRest, failure, gate, observed, until } from "../support/gate.js";
import { LabService, type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  type ChatServerStream,
  createLabServiceClient,
  createNamesServiceClient,
  type DownloadServerStream,
  type LabServiceHandler,
  registerLabService,
  registerNamesService,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, serveLab, startLab } from "../support/lab.js";
import { bulk, isBulk, note } from "../support/note.js";
import { partOf } from "../support/part-of.js";
import { type StockServer, stockServers } from "../support/stock-servers.js";
import { connectOn1, connectOn2, wires } from "../support/wires.js";

interface Stock extends AsyncDisposable {
  readonly lab: Lab;
  readonly client: TestClient;
}

const allCases = stockServers.flatMap((server) =>
  combinations
    .filter(({ wire }) => wire.http === server.http)
    .map((combination) => ({
      ...combination,
      server,
      name: `${server.name}: ${combination.name}`,
    })),
);

/** A third, in which every protocol meets every server, and every client. */
const cases = partOf(allCases, ({ server, wire, client }) => {
  const at = stockServers.indexOf(server) + wires.indexOf(wire) + clientKinds.indexOf(client);
  return at % 3 === 0 || client === grpcJs;
});

async function serve(
  server: StockServer,
  handler: Partial<LabServiceHandler>,
  onError?: (error: unknown) => void,
): Promise<Lab> {
  const listener = await server.listener((router) => {
    registerLabService(router, handler, onError ? { onError } : {});
  });
  return serveLab(listener, server.http);
}

describe.each(cases)("$name", ({ server, wire, client: kind }) => {
  async function stock(
    handler: Partial<LabServiceHandler>,
    { fragile = false, onError }: { fragile?: boolean; onError?: (error: unknown) => void } = {},
  ): Promise<Stock> {
    const lab = await serve(server, handler, onError);
    const client = kind.create(fragile ? lab.fragileUrl : lab.url, wire);
    return {
      lab,
      client,
      async [Symbol.asyncDispose]() {
        client.close();
        await lab[Symbol.asyncDispose]();
      },
    };
  }

  it("all kinds, to the end, and the signal does not abort because of that", async () => {
    const signals: AbortSignal[] = [];
    await using s = await stock({
      unary: async ({ text }, { signal }) => {
        signals.push(signal);
        return { text: `${text}!` };
      },
      async download(_request, stream) {
        signals.push(stream.context.signal);
        stream.context.responseHeader.set("x-header", "1");
        stream.context.responseTrailer.set("x-trailer", "2");
        for (let i = 0n; i < 100n; i++) void stream.send({ number: i });
      },
      async upload(stream) {
        signals.push(stream.context.signal);
        let sum = 0n;
        for await (const { number } of stream) sum += number;
        expect(await stream.recv()).toBeUndefined();
        await stream.sendAndClose({ number: sum });
      },
      async chat(stream) {
        signals.push(stream.context.signal);
        for await (const { text } of stream) await stream.send({ text: `${text}!` });
      },
    });
    expect((await s.client.unary({ text: "hi" })).text).toBe("hi!");
    const download = s.client.download({});
    const numbers = (await all(download)).map(({ number }) => Number(number));
    expect(numbers).toEqual([...Array(100).keys()]);
    expect((await download.header).get("x-header")).toBe("1");
    expect((await download.trailer).get("x-trailer")).toBe("2");
    const upload = s.client.upload();
    for (let i = 1n; i <= 10n; i++) await upload.send({ number: i });
    upload.closeSend();
    expect((await upload.recv())?.number).toBe(55n);
    if (wire.http === "2") {
      const chat = s.client.chat();
      await chat.send({ text: "you" });
      expect((await chat.recv())?.text).toBe("you!");
      chat.closeSend();
      expect(await chat.recv()).toBeUndefined();
    }
    await s.lab.idle();
    expect(signals.map(({ aborted }) => aborted)).not.toContain(true);
  });

  it("messages, and then the error as it was thrown", async () => {
    await using s = await stock({
      async download(_request, stream) {
        for (const text of ["a", "b"]) void stream.send({ text });
        throw new ConnectError("no more", Code.OutOfRange, { "x-hint": "less" }, [
          { desc: NoteSchema, value: note("a detail") },
        ]);
      },
    });
    const call = s.client.download({});
    expect((await call.recv())?.text).toBe("a");
    expect((await call.recv())?.text).toBe("b");
    const error = await failure(call.recv());
    expect([error.code, error.rawMessage]).toEqual([Code.OutOfRange, "no more"]);
    expect(error.metadata.get("x-hint")).toBe("less");
    if (kind.name !== "grpc-js") expect(error.findDetails(NoteSchema)[0]?.text).toBe("a detail");
  });

  it("what a handler throws is for onError, and not for the client", async () => {
    const faults: unknown[] = [];
    const fault = new Error("secret");
    const fail = async () => {
      throw fault;
    };
    await using s = await stock(
      { unary: fail, download: fail, upload: fail },
      { onError: (error) => faults.push(error) },
    );
    const upload = s.client.upload();
    upload.closeSend();
    const calls = [s.client.unary({}), s.client.download({}).recv(), upload.recv()];
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error.code).toBe(Code.Internal);
      expect(error.message).not.toContain("secret");
    }
    expect(faults).toEqual([fault, fault, fault]);
  });

  it("an upload's handler that gives no answer fails the call and says why", async () => {
    await using s = await stock({ upload: async (stream) => void (await stream.recv()) });
    const call = s.client.upload();
    call.closeSend();
    const error = await failure(call.recv());
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain("sendAndClose");
  });

  it.each([
    ["a client that cancels", false],
    ["a lost connection", true],
  ])("%s is never the end of an upload", async (_, fragile) => {
    const started = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await stream.recv();
      started.resolve();
      expect((await failure(stream.recv())).code).toBe(Code.Canceled);
      expect((await failure(stream.sendAndClose({}))).code).toBe(Code.Canceled);
      expect(stream.context.signal.aborted).toBe(true);
    });
    await using s = await stock({ upload: handler }, { fragile });
    const call = s.client.upload();
    const response = kind.generated ? undefined : failure(call.recv());
    await call.send({});
    await started.promise;
    if (fragile) s.lab.cut();
    else call.cancel();
    expect(await ended).toBeUndefined();
    await (response ?? failure(call.recv()));
  });

  if (kind.foreign)
    it.each([
      ["a client that cancels", false],
      ["a lost connection", true],
    ])("%s wakes a handler that is blocked in send", async (_, fragile) => {
      let sent = 0;
      const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
        for (; ; sent++) await stream.send(bulk(64 * 1024, sent));
      });
      await using s = await stock({ download: handler }, { fragile });
      const call = s.client.download({});
      await call.recv();
      await atRest(() => sent);
      if (fragile) s.lab.cut();
      else call.cancel();
      expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    });

  it("a deadline ends a call, whatever its handler does", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      expect((await failure(stream.recv())).code).toBe(Code.DeadlineExceeded);
      expect(ConnectError.from(stream.context.signal.reason).code).toBe(Code.DeadlineExceeded);
    });
    await using s = await stock({ upload: handler, download: () => new Promise(() => undefined) });
    const soon: Record<string, string> =
      wire.protocol === "connect" ? { "connect-timeout-ms": "50" } : { "grpc-timeout": "50m" };
    const upload = s.client.upload({ headers: soon });
    const response = kind.generated ? undefined : failure(upload.recv());
    expect(await ended).toBeUndefined();
    // From 2.3 on, Connect answers over HTTP/1.1 when the request ends: see connect-es.test.ts.
    if (response && wire.http === "1.1" && isConnect("2.3")) upload.closeSend();
    expect((await (response ?? failure(upload.recv()))).code).toBe(Code.DeadlineExceeded);
    const download = s.client.download({}, { headers: soon });
    expect((await failure(download.recv())).code).toBe(Code.DeadlineExceeded);
  });

  // The server is what is tested, so one client that is not ours will do.
  if (kind.foreign)
    it("a client that does not read keeps send pending, and loses nothing", async () => {
      const [count, allowed] = wire.http === "2" ? [96, 2 * 1024 * 1024] : [512, 14 * 1024 * 1024];
      const bytes = 32 * 1024;
      let sent = 0;
      await using s = await stock({
        async download(_request, stream) {
          for (; sent < count; sent++) await stream.send(bulk(bytes, sent));
        },
      });
      const call = s.client.download({});
      const first = await call.recv();
      expect((await atRest(() => sent)) * bytes).toBeLessThan(allowed);
      const messages = [first, ...(await all(call))];
      expect(messages.length).toBe(count);
      expect(messages.every((message, i) => message && isBulk(message, bytes, i))).toBe(true);
    });

  if (wire.http !== "2") return;

  if (kind.foreign)
    it("200 cancelled uploads, and none is seen as an end", async () => {
      let canceled = 0;
      let clean = 0;
      const arrived = new Map<bigint, () => void>();
      await using s = await stock({
        async upload(stream) {
          try {
            for await (const { number } of stream) arrived.get(number)?.();
            clean++;
          } catch (error) {
            canceled++;
            throw error;
          }
        },
      });
      for (let i = 0n; i < 200n; i++) {
        const { promise, resolve } = gate();
        arrived.set(i, resolve);
        const call = s.client.upload();
        const response = failure(call.recv());
        await call.send({ number: i });
        await promise;
        call.cancel();
        await response;
      }
      await s.lab.idle();
      await until(() => canceled + clean === 200);
      expect(clean).toBe(0);
    });

  it("a handler that returns early ends the chat", async () => {
    await using s = await stock({
      async chat(stream) {
        await stream.recv();
        await stream.send({ text: "bye" });
      },
    });
    const call = s.client.chat();
    call.send({}).catch(() => undefined);
    call.send({}).catch(() => undefined);
    expect((await all(call)).map(({ text }) => text)).toEqual(["bye"]);
  });

  it("a client that cancels ends a chat on both sides", async () => {
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      await stream.send({});
      expect((await failure(stream.recv())).code).toBe(Code.Canceled);
      expect((await failure(stream.send({}))).code).toBe(Code.Canceled);
    });
    await using s = await stock({ chat: handler });
    const call = s.client.chat();
    await call.recv();
    const pending = failure(call.recv());
    call.cancel();
    expect((await pending).code).toBe(Code.Canceled);
    expect(await ended).toBeUndefined();
  });
});

describe.each(stockServers)("beside others, $name", (server) => {
  const wire = server.http === "2" ? connectOn2 : connectOn1;

  it("a service of Connect's own kind and ours share a router", async () => {
    const listener = await server.listener((router) => {
      registerNamesService(router, { valueOf$: (stream) => stream.sendAndClose({ text: "ours" }) });
      router.service(LabService, { unary: async () => ({ text: "Connect's" }) });
    });
    await using lab = await serveLab(listener, server.http);
    const transport = createWebConnectTransport({ baseUrl: lab.url });
    const { create } = combinations.find((c) => c.wire === wire)?.client ?? { create: undefined };
    const plain = create?.(lab.url, wire);
    expect((await plain?.unary({}))?.text).toBe("Connect's");
    if (server.http === "1.1") {
      expect((await createLabServiceClient(transport).unary({})).text).toBe("Connect's");
      // connect-web cannot send a stream, and says so.
      await failure(createNamesServiceClient(transport).valueOf$().closeAndRecv());
    }
  });
});

/** Transports for which nobody wrote a line here. */
const foreign: [string, (handler: Partial<LabServiceHandler>) => Promise<[Transport, Lab?]>][] = [
  [
    "createRouterTransport",
    async (handler) => [
      createRouterTransport((router) => void registerLabService(router, handler)),
    ],
  ],
  [
    "connect-web, Connect",
    async (handler) => {
      const lab = await startLab(handler, { http: "1.1" });
      return [createWebConnectTransport({ baseUrl: lab.url }), lab];
    },
  ],
  [
    "connect-web, gRPC-Web",
    async (handler) => {
      const lab = await startLab(handler, { http: "1.1" });
      return [createWebGrpcWebTransport({ baseUrl: lab.url }), lab];
    },
  ],
];

describe.each(foreign)("%s", (name, open) => {
  async function start(handler: Partial<LabServiceHandler>) {
    const [transport, lab] = await open(handler);
    return {
      client: createLabServiceClient(transport),
      [Symbol.asyncDispose]: async () => lab?.[Symbol.asyncDispose](),
    };
  }

  it("unary calls and downloads, and their errors", async () => {
    await using s = await start({
      unary: async ({ text }) => ({ text: `${text}!` }),
      async download({ text }, stream) {
        await stream.send({ text });
        if (text === "fail") throw new ConnectError("as asked", Code.Aborted);
      },
    });
    expect((await s.client.unary({ text: "hi" })).text).toBe("hi!");
    const good = s.client.download({ text: "a" });
    expect((await good.recv())?.text).toBe("a");
    expect(await good.recv()).toBeUndefined();
    expect((await good.outcome).code).toBeUndefined();
    const bad = s.client.download({ text: "fail" });
    expect((await bad.recv())?.text).toBe("fail");
    const error = await failure(bad.recv());
    expect([error.code, error.rawMessage]).toEqual([Code.Aborted, "as asked"]);
  });

  it("leaving for await early ends the handler", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (;;) {
        await stream.send({ payload: new Uint8Array(16 * 1024) });
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    await using s = await start({ download: handler });
    for await (const _ of s.client.download({})) break;
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
  });

  it("a deadline", async () => {
    await using s = await start({ download: () => new Promise(() => undefined) });
    const error = await failure(s.client.download({}, { timeoutMs: 20 }).recv());
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  it("a call that nobody looks at harms nobody", async () => {
    await using s = await start({
      async download() {
        throw new ConnectError("nobody hears", Code.Aborted);
      },
    });
    s.client.download({});
    expect((await s.client.download({}).outcome).code).toBe(Code.Aborted);
  });

  if (name !== "createRouterTransport") return;

  it("uploads and chats", async () => {
    await using s = await start({
      async upload(stream) {
        let sum = 0n;
        for await (const { number } of stream) sum += number;
        await stream.sendAndClose({ number: sum });
      },
      async chat(stream) {
        for await (const message of stream) await stream.send(message);
      },
    });
    const upload = s.client.upload();
    for (let i = 1n; i <= 100n; i++) await upload.send({ number: i });
    expect((await upload.closeAndRecv()).number).toBe(5050n);
    const chat = s.client.chat();
    for (const text of ["a", "b"]) {
      await chat.send({ text });
      expect((await chat.recv())?.text).toBe(text);
    }
    await chat.closeSend();
    expect(await chat.recv()).toBeUndefined();
  });

  it("a cancelled upload is no end", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      for await (const _ of stream) started.resolve();
    });
    const started = gate();
    await using s = await start({ upload: handler });
    const upload = s.client.upload();
    await upload.send({});
    await started.promise;
    upload.close();
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
  });

  it("a handler that ends early refuses what is sent later", async () => {
    await using s = await start({
      async upload(stream) {
        await stream.recv();
        throw new ConnectError("enough", Code.FailedPrecondition);
      },
    });
    const upload = s.client.upload();
    const refused = (async () => {
      for (;;) await upload.send({});
    })();
    expect((await failure(refused)).message).toMatch(/enough|ended/);
    expect((await failure(upload.closeAndRecv())).rawMessage).toBe("enough");
  });
});
