// SPDX-License-Identifier: Apache-2.0
// What handlers hear of a server that shuts down, and what the server tells of them.
import { Code, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { StreamContext } from "connect-stream";
import { closeOnSignals, type ServeOptions, serve, streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { serveLab, startLab } from "../support/lab.js";
import { options } from "../support/page-fetch.js";
import { rawHttp2 } from "../support/raw.js";
import { grpcOn2, wires } from "../support/wires.js";

/** Longer than a test may take. */
const graceMs = 3_600_000;

async function start(handler: Partial<LabServiceHandler>, more: Partial<ServeOptions> = {}) {
  const server = await serve({
    routes: (router) => registerLabService(router, handler),
    ...more,
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

const pass: Interceptor = (next) => (request) => next(request);

describe.each(wires)("$name", (wire) => {
  it.each<[string, Interceptor[]]>([
    ["a handler", []],
    ["a handler behind interceptors", [pass]],
  ])("%s hears that the server drains, and says goodbye", async (_, interceptors) => {
    const handler: Partial<LabServiceHandler> = {
      async unary(_request, { drainSignal, signal }) {
        await aborted(drainSignal);
        return { text: `bye, ${signal.aborted}` };
      },
      async download(_request, stream) {
        stream.sendHeaders();
        await stream.send({ text: "hello" });
        await aborted(stream.context.drainSignal);
        await stream.send({ text: `bye, ${stream.context.signal.aborted}` });
      },
    };
    const server = await start(handler, { interceptors });
    const client = createLabServiceClient(ourTransport(server.url, wire));
    const unary = client.unary({});
    const stream = client.download({});
    expect((await stream.recv())?.text).toBe("hello");
    while (server.openCalls.size < 2) await new Promise(setImmediate);
    const closed = server.close({ graceMs });
    expect((await stream.recv())?.text).toBe("bye, false");
    expect(await stream.recv()).toBeUndefined();
    expect((await unary).text).toBe("bye, false");
    await closed;
  });
});

it("the reason of the drain signal sends clients elsewhere", async () => {
  const server = await start({
    async download(_request, { context }) {
      await aborted(context.drainSignal);
      context.drainSignal.throwIfAborted();
    },
  });
  const stream = createLabServiceClient(ourTransport(server.url, grpcOn2)).download({});
  while (server.openCalls.size < 1) await new Promise(setImmediate);
  const closed = server.close({ graceMs });
  expect(await failure(stream.recv())).toMatchObject({
    code: Code.Unavailable,
    rawMessage: "the server is shutting down",
  });
  await closed;
});

it("a server tells which calls are open, and which it waits for", async () => {
  const go = gate();
  const server = await start({
    download: () => go.promise,
    chat: () => go.promise,
  });
  expect(server.openCalls.size).toBe(0);
  const client = createLabServiceClient(ourTransport(server.url, grpcOn2));
  const calls = [client.download({}), client.download({}), client.chat()] as const;
  while ([...server.openCalls.values()].reduce((a, b) => a + b, 0) < 3) {
    await new Promise(setImmediate);
  }
  const waits: unknown[] = [];
  const onWait = (open: ReadonlyMap<string, number>) => waits.push(Object.fromEntries(open));
  const closed = server.close({ graceMs, onWait });
  const open = { "/lab.v1.LabService/Download": 2, "/lab.v1.LabService/Chat": 1 };
  expect(waits).toEqual([open]);
  go.resolve();
  for (const call of calls) expect(await call.recv()).toBeUndefined();
  await closed;
  await server.close({ onWait });
  expect(waits).toEqual([open]);
});

it("an onWait that is no function closes nothing", async () => {
  const server = await start({ unary: async () => ({ text: "open" }) });
  const close = server.close as (options: object) => Promise<void>;
  await expect(close({ onWait: "x" })).rejects.toThrow("onWait must be a function");
  const client = createLabServiceClient(ourTransport(server.url, grpcOn2));
  expect((await client.unary({})).text).toBe("open");
});

describe("a server of one's own", () => {
  it("drains by an option", async () => {
    const drain = new AbortController();
    const listener = streamNodeAdapter({
      routes: (router) =>
        registerLabService(router, {
          async download(_request, stream) {
            await stream.send({});
            await aborted(stream.context.drainSignal);
            await stream.send({ text: String(stream.context.drainSignal.reason) });
          },
        }),
      cors: { origins: ["https://app.example.com"] },
      healthPath: "/healthz",
      drainSignal: drain.signal,
      fallback: (_request, response) => {
        response.statusCode = 201;
        response.end();
      },
    });
    const lab = await serveLab(listener, "2");
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const status = async (path: string, method = "GET") => {
      const headers = { ":method": method, ":path": path, origin: "https://app.example.com" };
      const answer = await rawHttp2(lab.url, headers, []);
      return [answer.status, answer.headers["access-control-allow-origin"]];
    };
    const app = "https://app.example.com";
    const stream = createLabServiceClient(ourTransport(lab.url, grpcOn2)).download({});
    await stream.recv();
    expect(await status("/healthz")).toEqual([200, app]);
    expect(await status("/healthz", "HEAD")).toEqual([200, app]);
    expect(await status("/healthz", "POST")).toEqual([201, undefined]);
    expect(await status("/other")).toEqual([201, undefined]);
    drain.abort();
    expect((await stream.recv())?.text).toBe(
      "ConnectError: [unavailable] the server is shutting down",
    );
    expect(await status("/healthz")).toEqual([503, app]);
    // Over HTTP/2 a connection says which requests are its last: those are served.
    expect(await status("/lab.v1.LabService/Unary")).toEqual([405, app]);
    const lab1 = await serveLab(listener, "1.1");
    onTestFinished(() => lab1[Symbol.asyncDispose]());
    for (const path of ["/healthz", "/lab.v1.LabService/Unary", "/other"]) {
      expect((await fetch(`${lab1.url}${path}`)).status).toBe(503);
    }
  });

  it("without a drain signal never drains", async () => {
    const seen = gate<StreamContext>();
    const handler: Partial<LabServiceHandler> = {
      async unary(_request, context) {
        seen.resolve(context);
        return {};
      },
    };
    await using lab = await startLab(handler, { listener: connectNodeAdapter });
    await createLabServiceClient(ourTransport(lab.url, grpcOn2)).unary({});
    expect((await seen.promise).drainSignal.aborted).toBe(false);
  });
});

it("answers probes on HTTP/1.1", async () => {
  const server = await start({}, { healthPath: "/healthz" });
  expect(await fetch(`${server.url}/healthz`)).toMatchObject({ status: 200 });
  expect(await options(`${server.url}/healthz`, {})).toMatchObject({ status: 404 });
  expect(await fetch(`${server.url}/healthy`)).toMatchObject({ status: 404 });
});

it.each(["healthz", 7])("a healthPath of %j is refused", async (healthPath) => {
  const routes = () => undefined;
  const served = serve({ routes, healthPath: healthPath as string });
  await expect(served).rejects.toThrow('healthPath must be a path such as "/healthz", not');
});

describe("closeOnSignals", () => {
  it("prints to a log of one's own what it waits for, and ends it at a second signal", async () => {
    const server = await start({ download: (_, { context }) => aborted(context.signal) });
    const stream = createLabServiceClient(ourTransport(server.url, grpcOn2)).download({});
    while (server.openCalls.size < 1) await new Promise(setImmediate);
    const lines: string[] = [];
    const before = process.listenerCount("SIGUSR2");
    closeOnSignals(server, { signals: ["SIGUSR2"], graceMs, log: (line) => lines.push(line) });
    process.emit("SIGUSR2");
    expect(lines).toEqual([
      "waiting for 1 call: /lab.v1.LabService/Download; signal again to end it now",
    ]);
    process.emit("SIGUSR2");
    expect((await failure(stream.recv())).code).toBe(Code.Unavailable);
    expect(process.listenerCount("SIGUSR2")).toBe(before);
    await server.close();
    expect(lines).toHaveLength(1);
  });

  it("listens no more when the server has closed", async () => {
    const server = await start({});
    const before = process.listenerCount("SIGUSR2");
    closeOnSignals(server, { signals: ["SIGUSR2"] });
    process.emit("SIGUSR2");
    await server.close();
    await new Promise(setImmediate);
    expect(process.listenerCount("SIGUSR2")).toBe(before);
  });

  it.each([
    [{ graceMs: -1 }, "graceMs must be a whole number"],
    [{ log: "x" }, "log must be a function"],
    [{ signal: "SIGTERM" }, "options.signal does not exist"],
  ])("refuses %j", async (given, message) => {
    const server = await start({});
    expect(() => closeOnSignals(server, given as object)).toThrow(message);
  });
});
