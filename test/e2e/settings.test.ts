// SPDX-License-Identifier: Apache-2.0
// Settings that cannot be are refused where they are set. Most come as JavaScript writes them, or from
// `Number(process.env.X)`; unchecked they would be no limit at all.
import type { ConnectRouter } from "@connectrpc/connect";
import { combineObservers, resumable } from "connect-stream";
import { createStreamTransport, serve, streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2 } from "../support/wires.js";

/** An option as somebody may write it, and the beginning of what it is told. */
type Row = [options: object, message: string];

const notANumber = Number.NaN;

function refusal(message: string) {
  return expect.objectContaining({
    name: "RangeError",
    message: expect.stringContaining(message),
  });
}

const bytes = "must be a whole number from 1 to 4294967295, not";

/** Of servers, adapters and services alike. */
const ofRouters: Row[] = [
  [{ readMaxBytes: notANumber }, `readMaxBytes ${bytes} NaN`],
  [{ readMaxBytes: "4MiB" }, `readMaxBytes ${bytes} "4MiB"`],
  [{ readMaxBytes: 0 }, `readMaxBytes ${bytes} 0`],
  [{ writeMaxBytes: -1 }, `writeMaxBytes ${bytes} -1`],
  [{ compressMinBytes: "1k" }, "compressMinBytes must be a whole number from -1"],
  [
    { maxTimeoutMs: notANumber },
    "maxTimeoutMs must be a whole number from 1 to 9007199254740991, not NaN",
  ],
  [{ maxTimeoutMs: -1 }, "maxTimeoutMs must be a whole number"],
  [
    { maxTimeoutMs: "x" },
    'maxTimeoutMs must be a whole number from 1 to 9007199254740991, not "x"',
  ],
  [{ interceptors: {} }, "interceptors must be a list of functions, not an object"],
  [{ interceptors: 5 }, "interceptors must be a list of functions, not 5"],
  [{ interceptors: [5] }, "interceptors[0] must be one of functions, not 5"],
];

const ofAdapters: Row[] = [
  ...ofRouters,
  [
    { halfCloseGraceMs: -1 },
    "halfCloseGraceMs must be a whole number from 0 to 2147483647, not -1",
  ],
  [{ halfCloseGraceMs: "x" }, "halfCloseGraceMs must be"],
  [{ halfCloseGraceMs: notANumber }, "halfCloseGraceMs must be"],
  [{ halfCloseGraceMs: 2 ** 32 }, "halfCloseGraceMs must be"],
  [{ acceptCompression: ["gzip"] }, "acceptCompression[0] must be one of compressions"],
  [{ routes: undefined }, "routes must be a function, not undefined"],
  [{ routes: 5 }, "routes must be a function, not 5"],
];

const ofServers: Row[] = [
  ...ofAdapters,
  [{ host: "" }, 'host must be a host name or an IP address, not ""'],
  [{ host: 5 }, "host must be a host name or an IP address, not 5"],
  [
    { tls: {} },
    "tls must be an object with key and cert, pfx, SNICallback or pskCallback, not one",
  ],
  [{ tls: { key: "k" } }, "tls must be an object with key and cert, pfx"],
  [{ tls: true }, "tls must be an object with key and cert, pfx"],
  [
    { keepAlive: { interval: 1000 } },
    "keepAlive.interval does not exist: use intervalMs, timeoutMs",
  ],
  [{ keepAlive: { intervalMs: "1" } }, "keepAlive.intervalMs must be a whole number"],
  [
    { keepAlive: true },
    "keepAlive must be false or an object with intervalMs, timeoutMs, not true",
  ],
  [{ keepAlive: 5 }, "keepAlive must be false or an object"],
  [{ resetLimit: 5 }, "resetLimit must be an object with burst, perSecond, not 5"],
  [{ resetLimit: { rate: 5 } }, "resetLimit.rate does not exist"],
  [{ http2: 5 }, "http2 must be an object"],
  [{ port: "8080" }, 'port must be a whole number from 0 to 65535, not "8080"'],
];

describe("servers", () => {
  it.each(ofServers)("serve refuses %j", async (options, message) => {
    const routes = () => undefined;
    const create = serve as (options: object) => Promise<unknown>;
    await expect(create({ routes, ...options })).rejects.toThrow(refusal(message));
  });

  it.each(ofAdapters)("streamNodeAdapter refuses %j", (options, message) => {
    const routes = () => undefined;
    const create = streamNodeAdapter as (options: object) => unknown;
    expect(() => create({ routes, ...options })).toThrow(refusal(message));
  });

  it("keepAlive may be false, and a certificate may come from a callback", async () => {
    const tls = { SNICallback: () => undefined };
    const server = await serve({
      routes: (router) => registerLabService(router, {}),
      keepAlive: false,
      tls,
    });
    await server.close();
  });
});

const queues = "queues must be an object with send, receive, not 5";

describe("services", () => {
  it.each([
    ...ofRouters,
    [{ onError: 5 }, "onError must be a function, not 5"],
    [{ observer: 5 }, "observer must be an object with a method open, not 5"],
    [{ observer: {} }, "observer must be an object with a method open, not an object"],
    [{ timeouts: 5 }, "timeouts must be an object with firstMessageMs"],
    [{ limits: "4MiB" }, "limits must be an object with readMaxBytes"],
    [{ queues: 5 }, queues],
    [{ queues: { send: 5 } }, "queues.send must be an object with maxMessages, maxBytes, whenFull"],
    [{ queues: { send: 0 } }, "queues.send must be an object"],
  ] satisfies Row[])("registerXService refuses %j", async (options, message) => {
    const register = registerLabService as (
      router: ConnectRouter,
      handler: object,
      options: object,
    ) => unknown;
    const routes = (router: ConnectRouter) => void register(router, {}, options);
    expect(() => streamNodeAdapter({ routes })).toThrow(refusal(message));
  });
});

describe("transports", () => {
  it.each([
    ...ofRouters.filter(([options]) => !("maxTimeoutMs" in options)),
    [{ acceptCompression: "gzip" }, "acceptCompression must be a list of compressions"],
    [
      { sendCompression: "gzip" },
      "sendCompression must be one of compressions, such as compressionGz",
    ],
    [{ defaultTimeoutMs: notANumber }, "defaultTimeoutMs must be a number, at least 0, not NaN"],
    [{ defaultTimeoutMs: -5 }, "defaultTimeoutMs must be a number, at least 0, not -5"],
    [{ defaultTimeoutMs: "5" }, 'defaultTimeoutMs must be a number, at least 0, not "5"'],
    [{ pingIntervalMs: -5 }, "pingIntervalMs must be a number, more than 0, not -5"],
    [{ pingIntervalMs: "x" }, 'pingIntervalMs must be a number, more than 0, not "x"'],
    [{ pingTimeoutMs: notANumber }, "pingTimeoutMs must be"],
    [{ idleConnectionTimeoutMs: -1 }, "idleConnectionTimeoutMs must be"],
    [{ connectTimeoutMs: 0 }, "connectTimeoutMs must be a number, more than 0, not 0"],
  ] satisfies Row[])("createStreamTransport refuses %j", (options, message) => {
    const create = createStreamTransport as (options: object) => unknown;
    const baseUrl = "http://127.0.0.1:1";
    expect(() => create({ protocol: "grpc", baseUrl, ...options })).toThrow(refusal(message));
  });

  it("times may be 0 or without end where that says something", () => {
    const pingIntervalMs = Number.POSITIVE_INFINITY;
    const options = { defaultTimeoutMs: 0, idleConnectionTimeoutMs: 0, pingIntervalMs };
    expect(() => ourTransport("http://127.0.0.1:1", grpcOn2, options)).not.toThrow();
  });
});

/** Of clients and of calls. */
const ofCalls: Row[] = [
  [{ timeoutMs: notANumber }, "timeoutMs must be a number"],
  [{ timeoutMs: "5" }, "timeoutMs must be a number"],
  [{ retry: { attempts: 1 } }, "retry.attempts does not exist: use maxAttempts, initialBackoffMs"],
  [{ retry: true }, "retry must be false or an object with maxAttempts"],
  [{ retry: { retryableCodes: 14 } }, "retry.retryableCodes must be a list of codes, not 14"],
  [
    { retry: { retryableCodes: ["unavailable"] } },
    "retry.retryableCodes must be of Connect's Code",
  ],
  [
    { retry: { throttling: true } },
    "retry.throttling must be an object with maxTokens, tokenRatio",
  ],
  [{ retry: { throttling: { tokens: 1 } } }, "retry.throttling.tokens does not exist"],
  [{ timeouts: 5 }, "timeouts must be an object"],
  [{ queues: 5 }, queues],
];

describe("clients", () => {
  const transport = ourTransport("http://127.0.0.1:1", grpcOn2);
  const create = (options: object) => createLabServiceClient(transport, options);

  it.each([
    ...ofCalls,
    [{ timeoutMs: -5 }, "timeoutMs must be a number, at least 0, not -5"],
    [{ observer: 5 }, "observer must be an object with a method open, not 5"],
  ] satisfies Row[])("createXClient refuses %j", (options, message) => {
    expect(() => create(options)).toThrow(refusal(message));
  });

  it.each(ofCalls)("a call refuses %j", (options, message) => {
    expect(() => create({}).download({}, options)).toThrow(refusal(message));
    expect(() => create({}).chat(options)).toThrow(refusal(message));
  });

  it.each(ofCalls)("a unary call rejects because of %j", async (options, message) => {
    await expect(create({}).unary({}, options)).rejects.toThrow(refusal(message));
  });

  it("a call's timeoutMs of 0 or less is no deadline", async () => {
    await using lab = await startLab({
      download: (_request, stream) => stream.send({ text: String(stream.context.timeoutMs()) }),
    });
    const near = createLabServiceClient(ourTransport(lab.url, grpcOn2), { timeoutMs: 1000 });
    for (const timeoutMs of [0, -1]) {
      expect((await near.download({}, { timeoutMs }).recv())?.text).toBe("undefined");
    }
  });
});

describe("resumable", () => {
  const next = () => ({});

  it.each([
    [{}, "resumable.next must be a function, not undefined"],
    [{ next: 5 }, "resumable.next must be a function, not 5"],
    [{ next, maxRetrys: 1 }, "resumable.maxRetrys does not exist: use request, next, call"],
    [{ next, maxAttempts: -1 }, "must be a whole number of 2 or more, or Infinity, not -1"],
    [{ next, onResume: 5 }, "resumable.onResume must be a function, not 5"],
    [{ next, onInterrupt: 5 }, "resumable.onInterrupt must be a function, not 5"],
    [{ next, resumableCodes: 14 }, "resumable.resumableCodes must be a list of codes, not 14"],
    [{ next, call: { timeoutMs: notANumber } }, "resumable.call.timeoutMs must be a number"],
    [{ next, call: { timeouts: { idleMs: 0 } } }, "resumable.call.timeouts.idleMs must be a whole"],
    [{ next, call: 5 }, "resumable.call must be an object, not 5"],
  ] satisfies Row[])("refuses %j before the first call", (options, message) => {
    let calls = 0;
    const watch = () => {
      calls++;
      throw new Error("called");
    };
    const go = resumable as (watch: () => never, options: object) => unknown;
    expect(() => go(watch, { request: {}, ...options })).toThrow(refusal(message));
    expect(calls).toBe(0);
  });
});

it("combineObservers refuses what is no observer", () => {
  const combine = combineObservers as (...observers: unknown[]) => unknown;
  const observer = { open: () => undefined };
  expect(() => combine(observer, 5)).toThrow(
    refusal("observers[1] must be an object with a method"),
  );
});
