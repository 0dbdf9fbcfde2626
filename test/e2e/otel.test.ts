// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError } from "@connectrpc/connect";
import {
  defaultTextMapGetter as getter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { streamNodeAdapter } from "connect-stream/node";
import { createOtelObserver } from "connect-stream/otel";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { all } from "../support/clients/test-client.js";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
import { Telemetry } from "../support/telemetry.js";
import { echo, type WatchedOptions, watched } from "../support/watched.js";
import { connectOn2, grpcOn2, grpcWebOn2, type Wire } from "../support/wires.js";

/** Both sides tell the same telemetry. */
async function traced(
  handler: Partial<LabServiceHandler>,
  options: Omit<WatchedOptions, "service"> & { telemetry?: Telemetry } = {},
) {
  const { telemetry = new Telemetry(), client, ...rest } = options;
  const observer = telemetry.observer();
  const both = await watched(handler, {
    ...rest,
    service: { observer },
    client: { observer, ...client },
  });
  return { ...both, telemetry };
}

function find(spans: readonly ReadableSpan[], kind: SpanKind, method: string): ReadableSpan {
  const span = spans.find((each) => each.kind === kind && each.name.endsWith(`/${method}`));
  if (!span) throw new Error(`no span of ${method}`);
  return span;
}

/** Sends one message, and then nothing until its call is aborted. */
async function silence(stream: DownloadServerStream): Promise<void> {
  await stream.send({});
  const { signal } = stream.context;
  await new Promise((resolve) => signal.addEventListener("abort", resolve));
  signal.throwIfAborted();
}

const calls: Record<string, (client: LabServiceClient) => Promise<unknown>> = {
  Unary: (client) => client.unary({}),
  Download: (client) => all(client.download({ text: "a,b" })),
  async Upload(client) {
    const stream = client.upload();
    await stream.send({ text: "a" });
    await stream.closeAndRecv();
  },
  async Chat(client) {
    const stream = client.chat();
    await stream.send({ text: "a" });
    await stream.closeSend();
    await all(stream);
  },
};

const systems: [Wire, string][] = [
  [grpcOn2, "grpc"],
  [grpcWebOn2, "grpc"],
  [connectOn2, "connectrpc"],
];

describe.each(systems)("$name", (wire, system) => {
  it.each(Object.keys(calls))("%s: the server's span is a child of the client's", async (name) => {
    const { client, telemetry, lab } = await traced(echo, { wire });
    const tracer = telemetry.tracerProvider.getTracer("test");
    await tracer.startActiveSpan("outside", async (span) => {
      await calls[name]?.(client);
      span.end();
    });
    const spans = await telemetry.spans(3);
    const outside = spans.find((span) => span.name === "outside");
    const there = find(spans, SpanKind.SERVER, name);
    const here = find(spans, SpanKind.CLIENT, name);
    expect(here.parentSpanContext?.spanId).toBe(outside?.spanContext().spanId);
    expect(there.parentSpanContext?.spanId).toBe(here.spanContext().spanId);
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    const common = {
      "rpc.system.name": system,
      "rpc.method": `lab.v1.LabService/${name}`,
      "server.address": "127.0.0.1",
      "server.port": lab.port,
      ...(system === "grpc" && { "rpc.status_code": "OK" }),
    };
    expect(here).toMatchObject({ name: `lab.v1.LabService/${name}`, attributes: common });
    expect(there.attributes).toMatchObject(common);
    for (const span of [here, there]) {
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
      expect(span.attributes).not.toHaveProperty("error.type");
      expect(span.instrumentationScope.name).toBe("connect-stream");
    }
    if (system !== "grpc") expect(there.attributes).not.toHaveProperty("rpc.status_code");
  });

  it("handlers run in the context of their span, and so do the calls they make", async () => {
    const telemetry = new Telemetry();
    const inner = await traced(echo, { wire, telemetry });
    const { client } = await traced(
      {
        async chat(stream) {
          for await (const { text } of stream) {
            trace.getActiveSpan()?.setAttribute("seen", text);
            await stream.send(await inner.client.unary({ text }));
          }
        },
      },
      { wire, telemetry },
    );
    await calls.Chat?.(client);
    const spans = await telemetry.spans(4);
    const chat = find(spans, SpanKind.SERVER, "Chat");
    const unary = find(spans, SpanKind.CLIENT, "Unary");
    expect(chat.attributes.seen).toBe("a");
    expect(unary.parentSpanContext?.spanId).toBe(chat.spanContext().spanId);
  });
});

it("a stream's span tells what went over it, and who was at the other end", async () => {
  const { client, telemetry } = await traced(echo);
  await calls.Download?.(client);
  const there = find(await telemetry.spans(2), SpanKind.SERVER, "Download");
  expect(there.attributes).toMatchObject({
    "connect_stream.sent.messages": 2,
    "connect_stream.sent.bytes": 6,
    "connect_stream.received.messages": 1,
    "connect_stream.received.bytes": 5,
    "connect_stream.ended_by": "server",
    "network.peer.address": "127.0.0.1",
    "network.peer.port": expect.any(Number),
    "client.address": "127.0.0.1",
  });
  expect(there.events).toEqual([]);
});

describe("failures", () => {
  const cases: [Code, { grpc: string; connect: string; server: boolean }][] = [
    [Code.Canceled, { grpc: "CANCELLED", connect: "canceled", server: false }],
    [Code.Unknown, { grpc: "UNKNOWN", connect: "unknown", server: true }],
    [
      Code.InvalidArgument,
      { grpc: "INVALID_ARGUMENT", connect: "invalid_argument", server: false },
    ],
    [Code.NotFound, { grpc: "NOT_FOUND", connect: "not_found", server: false }],
    [Code.DataLoss, { grpc: "DATA_LOSS", connect: "data_loss", server: true }],
    [Code.Unimplemented, { grpc: "UNIMPLEMENTED", connect: "unimplemented", server: true }],
    [Code.Internal, { grpc: "INTERNAL", connect: "internal", server: true }],
    [Code.Unavailable, { grpc: "UNAVAILABLE", connect: "unavailable", server: true }],
  ];

  it.each(cases)("with code %i", async (code, { grpc, connect, server }) => {
    for (const [wire, name] of [
      [grpcOn2, grpc],
      [connectOn2, connect],
    ] as const) {
      const { client, telemetry } = await traced(
        {
          async download() {
            throw new ConnectError("why", code);
          },
        },
        { wire },
      );
      await failure(all(client.download({})));
      const spans = await telemetry.spans(2);
      const here = find(spans, SpanKind.CLIENT, "Download");
      const there = find(spans, SpanKind.SERVER, "Download");
      const failed = { status: { code: SpanStatusCode.ERROR, message: "why" } };
      expect(here).toMatchObject(failed);
      expect(here.attributes).toMatchObject({ "rpc.status_code": name, "error.type": name });
      expect(there.attributes["rpc.status_code"]).toBe(name);
      if (server) expect(there).toMatchObject(failed);
      else expect(there.status.code).toBe(SpanStatusCode.UNSET);
      expect(there.attributes["error.type"]).toBe(server ? name : undefined);
      const values = await telemetry.values("rpc.client.call.duration");
      expect(values[0]?.attributes).toMatchObject({ "rpc.status_code": name, "error.type": name });
    }
  });

  it("hide what a handler threw", async () => {
    const { client, telemetry } = await traced({
      download: () => Promise.reject(new Error("secret")),
    });
    await failure(all(client.download({})));
    const there = find(await telemetry.spans(2), SpanKind.SERVER, "Download");
    expect(there.status).toEqual({ code: SpanStatusCode.ERROR, message: "internal error" });
  });

  it("are what isError says, where it says something", async () => {
    const telemetry = new Telemetry();
    const observer = telemetry.observer({
      isError: ({ endedBy }) => (endedBy === "client" ? false : undefined),
    });
    const { client } = await watched(
      { download: (_, stream) => silence(stream) },
      { client: { observer } },
    );
    const stream = client.download({});
    await stream.recv();
    stream.close();
    await failure(client.unary({}));
    const [left, failed] = await telemetry.spans(2);
    expect(left?.status.code).toBe(SpanStatusCode.UNSET);
    expect(left?.attributes).toMatchObject({ "rpc.status_code": "CANCELLED" });
    expect(left?.attributes).not.toHaveProperty("error.type");
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
  });
});

it("options that throw leave no span open", async () => {
  const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => spy.mockRestore());
  const telemetry = new Telemetry();
  const observer = telemetry.observer({ isError: () => JSON.parse("no JSON") });
  const { client } = await watched({}, { client: { observer } });
  await failure(all(client.download({})));
  await failure(client.unary({}));
  expect(await telemetry.spans(2)).toHaveLength(2);
  const open = await telemetry.values("connect_stream.client.open_streams");
  expect(open.map(({ value }) => value)).toEqual([0]);
  expect(spy.mock.calls).toHaveLength(1);
});

it("all attempts of a call are one span, and a server's span each", async () => {
  let failures = 2;
  const { client, telemetry } = await traced(
    {
      async download(_, stream) {
        if (failures-- > 0) throw new ConnectError("busy", Code.Unavailable);
        await stream.send({});
      },
    },
    { client: { retry: { initialBackoffMs: 1, retryableCodes: [Code.Unavailable] } } },
  );
  await all(client.download({}));
  const spans = await telemetry.spans(4);
  const here = find(spans, SpanKind.CLIENT, "Download");
  expect(here.status.code).toBe(SpanStatusCode.UNSET);
  expect(here.attributes).toMatchObject({ "connect_stream.attempts": 3, "rpc.status_code": "OK" });
  const there = spans.filter(({ kind }) => kind === SpanKind.SERVER);
  expect(there).toHaveLength(3);
  for (const span of there) {
    expect(span.parentSpanContext?.spanId).toBe(here.spanContext().spanId);
  }
  const durations = await telemetry.values("rpc.client.call.duration");
  expect(durations).toMatchObject([{ value: { count: 1 } }]);
});

it("a server's span is the first of its trace where the client sends none", async () => {
  const { lab, telemetry } = await traced(echo);
  const plain = createLabServiceClient(ourTransport(lab.url, grpcOn2));
  await telemetry.tracerProvider.getTracer("test").startActiveSpan("outside", async (span) => {
    await plain.unary({});
    span.end();
  });
  const there = find(await telemetry.spans(2), SpanKind.SERVER, "Unary");
  expect(there.parentSpanContext).toBeUndefined();
});

it("a span of whoever handles HTTP is the parent, if it is in the client's trace", async () => {
  const telemetry = new Telemetry();
  const observer = telemetry.observer();
  const tracer = telemetry.tracerProvider.getTracer("http");
  const lab = await startLab(echo, {
    service: { observer },
    listener(options) {
      const next = streamNodeAdapter(options);
      return (request, response) => {
        const incoming = telemetry.propagator.extract(ROOT_CONTEXT, request.headers, getter);
        tracer.startActiveSpan("HTTP", {}, incoming, (span) => {
          next(request, response);
          response.once("close", () => span.end());
        });
      };
    },
  });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2), { observer });
  await calls.Download?.(client);
  const spans = await telemetry.spans(3);
  const http = spans.find(({ name }) => name === "HTTP");
  const there = find(spans, SpanKind.SERVER, "Download");
  expect(there.parentSpanContext?.spanId).toBe(http?.spanContext().spanId);
  const here = find(spans, SpanKind.CLIENT, "Download");
  expect(http?.parentSpanContext?.spanId).toBe(here.spanContext().spanId);
});

describe("metrics", () => {
  const download = { "rpc.system.name": "grpc", "rpc.method": "lab.v1.LabService/Download" };

  it("are durations in seconds, in the buckets of the conventions", async () => {
    const { client, telemetry, lab } = await traced(echo);
    await calls.Unary?.(client);
    await calls.Download?.(client);
    await telemetry.spans(4);
    for (const side of ["server", "client"]) {
      const metric = await telemetry.metric(`rpc.${side}.call.duration`);
      expect(metric?.descriptor).toMatchObject({ unit: "s" });
      expect(metric?.dataPoints).toHaveLength(2);
      expect(metric?.dataPoints[1]).toMatchObject({
        attributes: { ...download, "rpc.status_code": "OK" },
        value: {
          count: 1,
          buckets: {
            boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
          },
        },
      });
      const attributes = metric?.dataPoints[1]?.attributes;
      // A server's name is what its clients call it.
      expect(attributes?.["server.port"]).toBe(side === "client" ? lab.port : undefined);
    }
  });

  it("are of streams that are open, and leak none", async () => {
    const { client, telemetry, lab } = await traced(
      { download: (_, stream) => silence(stream) },
      { fragile: true },
    );
    const open = async () =>
      Object.fromEntries(
        await Promise.all(
          ["server", "client"].map(async (side) => {
            const values = await telemetry.values(`connect_stream.${side}.open_streams`);
            return [side, values.map(({ value }) => value)];
          }),
        ),
      );
    const left = client.download({});
    const cut = client.download({});
    const aborted = new AbortController();
    const stopped = client.download({}, { signal: aborted.signal });
    await Promise.all([left, cut, stopped].map((stream) => stream.recv()));
    expect(await open()).toEqual({ server: [3], client: [3] });
    left.close();
    aborted.abort();
    await failure(all(client.download({}, { timeoutMs: 50 })));
    await telemetry.spans(6);
    expect(await open()).toEqual({ server: [1], client: [1] });
    lab.cut();
    await failure(cut.recv());
    await telemetry.spans(8);
    expect(await open()).toEqual({ server: [0], client: [0] });
    const ended = await telemetry.values("connect_stream.client.ended_streams");
    expect(
      ended.map(({ attributes, value }) => [attributes["connect_stream.ended_by"], value]),
    ).toEqual(
      expect.arrayContaining([
        ["client", 2],
        ["deadline", 1],
        ["connection", 1],
      ]),
    );
  });

  it("are of messages, by direction", async () => {
    const { client, telemetry } = await traced(echo);
    await calls.Download?.(client);
    await calls.Download?.(client);
    await telemetry.spans(4);
    const of = async (name: string) => {
      const values = await telemetry.values(name);
      return values.map(({ attributes, value }) => [attributes["connect_stream.direction"], value]);
    };
    expect(await of("connect_stream.server.messages")).toEqual([
      ["sent", 4],
      ["received", 2],
    ]);
    expect(await of("connect_stream.client.messages")).toEqual([
      ["sent", 2],
      ["received", 4],
    ]);
    expect(await of("connect_stream.client.message_bytes")).toEqual([
      ["sent", 10],
      ["received", 12],
    ]);
    const first = await telemetry.metric("connect_stream.client.first_message.duration");
    expect(first?.descriptor.unit).toBe("s");
    expect(first?.dataPoints).toMatchObject([{ attributes: download, value: { count: 2 } }]);
    expect(await telemetry.values("connect_stream.server.first_message.duration")).toMatchObject([
      { attributes: download, value: { count: 2 } },
    ]);
  });

  it("are seen while a stream is open", async () => {
    const { client, telemetry } = await traced(echo);
    const chat = client.chat();
    await chat.send({ text: "a" });
    await chat.recv();
    const values = await telemetry.values("connect_stream.server.messages");
    expect(values.map(({ value }) => value)).toEqual([1, 1]);
    chat.close();
    await telemetry.spans(2);
  });

  it("are of time that send is blocked", async () => {
    const blocked = gate();
    const { client, telemetry } = await traced(
      {
        async download(_, stream) {
          // More in one turn than the window lets through.
          const sends = [1, 2, 3].map(() => stream.send(bulk(256 * 1024)));
          expect(stream.queued.send.messages).toBeGreaterThan(0);
          blocked.resolve();
          await Promise.all(sends);
        },
      },
      { transport: { acceptCompression: [] } },
    );
    const stream = client.download({});
    await blocked.promise;
    await all(stream);
    await telemetry.spans(2);
    const metric = await telemetry.metric("connect_stream.server.send_wait.duration");
    expect(metric?.descriptor.unit).toBe("s");
    const [point] = metric?.dataPoints ?? [];
    expect(point).toMatchObject({ attributes: download });
    expect(point?.value).toMatchObject({ sum: expect.any(Number) });
    expect(await telemetry.values("connect_stream.client.send_wait.duration")).toEqual([]);
  });

  it("of several observers add up, gRPC and gRPC-Web together", async () => {
    const telemetry = new Telemetry();
    for (const wire of [grpcOn2, grpcWebOn2]) {
      const { client } = await traced(echo, { wire, telemetry });
      await calls.Download?.(client);
    }
    await telemetry.spans(4);
    const values = await telemetry.values("connect_stream.server.messages");
    expect(values.map(({ value }) => value)).toEqual([4, 2]);
  });

  it("have more attributes, where asked to", async () => {
    const telemetry = new Telemetry();
    const observer = telemetry.observer({
      attributes: ({ method }) => ({ "server.address": "lab.internal", kind: method.methodKind }),
    });
    const lab = await startLab(echo);
    onTestFinished(() => lab[Symbol.asyncDispose]());
    const transport = connectNodeTransport(lab.url, connectOn2);
    const client = createLabServiceClient(transport, { observer });
    await client.unary({});
    const expected = {
      "rpc.system.name": "connectrpc",
      "server.address": "lab.internal",
      kind: "unary",
    };
    expect((await telemetry.spans(1))[0]?.attributes).toMatchObject(expected);
    const durations = await telemetry.values("rpc.client.call.duration");
    expect(durations).toMatchObject([{ attributes: expected }]);
  });
});

it("without an SDK calls work, and nothing is sent along", async () => {
  const observer = createOtelObserver();
  const header = gate<Headers>();
  const { client } = await watched(
    {
      ...echo,
      async download(request, stream) {
        header.resolve(stream.context.requestHeader);
        await echo.download(request, stream);
      },
    },
    { service: { observer }, client: { observer } },
  );
  for (const call of Object.values(calls)) await call(client);
  expect((await header.promise).has("traceparent")).toBe(false);
});
