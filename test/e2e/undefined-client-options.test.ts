// SPDX-License-Identifier: Apache-2.0
// An option of a client, a transport or a tool that is undefined was not given.
import { once } from "node:events";
import * as http2 from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  resumable,
  type StreamCallOptions,
  type StreamClientOptions,
  type StreamValidation,
} from "connect-stream";
import { createServiceClient } from "connect-stream/codegenv1";
import {
  createStreamTransport,
  type RunningServer,
  type ServeOptions,
  type StreamTransportOptions,
  serve,
} from "connect-stream/node";
import { createValidation } from "connect-stream/protovalidate";
import { testCall } from "connect-stream/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { Telemetry } from "../support/telemetry.js";
import { selfSigned } from "../support/tls.js";
import { connectOn1, connectOn2 } from "../support/wires.js";

vi.setConfig({ testTimeout: 20_000 });

const servers: RunningServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close({ graceMs: 0 }))));

async function start(
  handler: Partial<LabServiceHandler>,
  options: Omit<ServeOptions, "routes"> = {},
): Promise<string> {
  const server = await serve({
    ...options,
    routes: (router) => registerLabService(router, handler),
  });
  servers.push(server);
  return server.url;
}

const echo: Partial<LabServiceHandler> = {
  unary: async (request) => request,
  download: (request, stream) => stream.send(request),
};

/** Never answers. */
const silent: Partial<LabServiceHandler> = {
  unary: async (_, { signal }) => {
    await once(signal, "abort");
    return {};
  },
  download: async (_, { context }) => void (await once(context.signal, "abort")),
};

/** Fails each call the first time. */
function failingOnce(): Partial<LabServiceHandler> {
  const seen = new Set<string>();
  const check = (kind: string) => {
    if (seen.has(kind)) return;
    seen.add(kind);
    throw new ConnectError("come again", Code.Unavailable);
  };
  return {
    async unary(request) {
      check("unary");
      return request;
    },
    async download(request, stream) {
      check("download");
      await stream.send(request);
    },
  };
}

const strict: StreamValidation = {
  sent: false,
  prepare: () => undefined,
  check: () => new ConnectError("not like this", Code.DataLoss),
};

/** What a unary call and a download come to. */
async function outcomes(client: LabServiceClient, options?: StreamCallOptions): Promise<string[]> {
  const results = await Promise.allSettled([
    client.unary({ text: "hi" }, options),
    client.download({ text: "hi" }, options).recv(),
  ]);
  return results.map((result) =>
    result.status === "fulfilled" ? "ok" : `${Code[ConnectError.from(result.reason).code]}`,
  );
}

interface Row {
  readonly set: StreamClientOptions & StreamCallOptions;
  readonly handler: () => Partial<LabServiceHandler>;
  readonly expected: string;
}

/** What calls may set that clients set, too; what the schema sets, too; and what comes of it. */
const rows: Record<"timeoutMs" | "retry" | "validation", Row> = {
  timeoutMs: { set: { timeoutMs: 20 }, handler: () => silent, expected: "DeadlineExceeded" },
  retry: {
    set: { retry: { initialBackoffMs: 1, retryableCodes: [Code.Unavailable] } },
    handler: failingOnce,
    expected: "ok",
  },
  validation: { set: { validation: strict }, handler: () => echo, expected: "DataLoss" },
};

describe.each(Object.entries(rows))("%s of a call that is undefined", (name, row) => {
  const none = { [name]: undefined } as StreamCallOptions;

  it("leaves the client's", async () => {
    const url = await start(row.handler());
    const transport = createStreamTransport({ protocol: "grpc", baseUrl: url });
    const client = createLabServiceClient(transport, row.set);
    expect(await outcomes(client, none)).toEqual([row.expected, row.expected]);
  });
});

const { timeoutMs, retry } = rows;

it.each(Object.entries({ timeoutMs, retry }))(
  "%s of a client that is undefined leaves the schema's",
  async (name, row) => {
    const none = { [name]: undefined } as object;
    const url = await start(row.handler());
    const transport = createStreamTransport({ protocol: "grpc", baseUrl: url });
    const specs = { unary: { policy: row.set }, download: { policy: row.set } };
    const client = createServiceClient<LabServiceClient>(LabService, transport, none, specs);
    expect(await outcomes(client, none)).toEqual([row.expected, row.expected]);
  },
);

type TransportKey = StreamTransportOptions extends infer O
  ? O extends StreamTransportOptions
    ? Exclude<keyof O, "protocol" | "baseUrl">
    : never
  : never;

/** But for the version of HTTP. */
const noTransportOptions: Record<Exclude<TransportKey, "httpVersion">, undefined> = {
  acceptCompression: undefined,
  binaryOptions: undefined,
  compressMinBytes: undefined,
  connectTimeoutMs: undefined,
  defaultTimeoutMs: undefined,
  idleConnectionTimeoutMs: undefined,
  interceptors: undefined,
  jsonOptions: undefined,
  loadBalancing: undefined,
  maxConnections: undefined,
  maxHeaderBytes: undefined,
  nodeOptions: undefined,
  pingIdleConnection: undefined,
  pingIntervalMs: undefined,
  pingTimeoutMs: undefined,
  readMaxBytes: undefined,
  sendCompression: undefined,
  sessionManager: undefined,
  useBinaryFormat: undefined,
  useHttpGet: undefined,
  writeMaxBytes: undefined,
};

const noNodeOptions = {
  ca: undefined,
  checkServerIdentity: undefined,
  maxSendHeaderBlockLength: undefined,
  rejectUnauthorized: undefined,
};

describe.each([connectOn1, connectOn2])("a transport, $name", (wire) => {
  const create = (url: string, nodeOptions?: object) =>
    ourTransport(url, wire, { ...noTransportOptions, nodeOptions } as object);

  it("has its defaults for all options that are undefined", async () => {
    const url = await start({
      ...echo,
      unary: async () => ({ payload: new Uint8Array(5 * 1024 * 1024) }),
    });
    const client = createLabServiceClient(create(url));
    expect(await outcomes(client)).toEqual(["ResourceExhausted", "ok"]);
  });

  it("checks certificates, though options of Node's for that are undefined", async () => {
    const url = await start(echo, { tls: selfSigned });
    const settings = { enablePush: undefined, initialWindowSize: undefined };
    const options = { ...noNodeOptions, ...(wire.http === "2" && { settings }) };
    const stranger = createLabServiceClient(create(url, options));
    expect(await outcomes(stranger)).toEqual(["Unavailable", "Unavailable"]);
    const friend = createLabServiceClient(create(url, { ...options, ca: selfSigned.cert }));
    expect(await outcomes(friend)).toEqual(["ok", "ok"]);
  });
});

it("a server has its limits, though some of its options are undefined", async () => {
  const options = {
    maxConcurrentStreams: 7,
    maxHeaderBytes: 12_345,
    keepAlive: { intervalMs: undefined, timeoutMs: undefined },
    resetLimit: { burst: undefined, perSecond: undefined },
    http2: { streamWindowBytes: undefined, prefaceTimeoutMs: undefined },
  };
  const session = http2.connect(await start(echo, options as object));
  const [told] = await once(session, "remoteSettings");
  expect(told).toMatchObject({ maxConcurrentStreams: 7, maxHeaderListSize: 12_345 });
  session.destroy();
});

it("one recv has the stream's limit, and one send no other signal", async () => {
  const url = await start({
    chat: async ({ context }) => void (await once(context.signal, "abort")),
  });
  const transport = createStreamTransport({ protocol: "grpc", baseUrl: url });
  const chat = createLabServiceClient(transport, { timeouts: { recvMs: 20 } }).chat();
  await chat.send({ text: "hi" }, { signal: undefined } as object);
  const none = { signal: undefined, timeoutMs: undefined } as object;
  expect((await failure(chat.recv(none))).code).toBe(Code.DeadlineExceeded);
  chat.close();
});

it("resumable has its defaults", async () => {
  const url = await start(failingOnce());
  const transport = createStreamTransport({ protocol: "grpc", baseUrl: url });
  const none = {
    call: undefined,
    resumableCodes: undefined,
    maxAttempts: undefined,
    initialBackoffMs: undefined,
    maxBackoffMs: undefined,
    backoffMultiplier: undefined,
    onInterrupt: undefined,
    onResume: undefined,
  } as object;
  const stream = resumable(createLabServiceClient(transport).download, {
    request: { text: "hi" },
    next: (_, request) => request,
    ...none,
  });
  expect(await stream.recv()).toMatchObject({ text: "hi" });
  stream.close();
});

it("a test call tells nobody of errors", async () => {
  const printed = vi.spyOn(console, "error");
  const fail = async () => {
    throw new Error("no");
  };
  const call = testCall(
    LabService.method.unary,
    fail,
    {},
    { service: { onError: undefined } as object },
  );
  expect((await failure(call.recv())).code).toBe(Code.Internal);
  expect(printed).not.toHaveBeenCalled();
  printed.mockRestore();
});

it("validation checks what is received, and nothing else", () => {
  const none = { validator: undefined, sent: undefined } as object;
  expect(createValidation(none).sent).toBe(false);
});

it("an observer for OpenTelemetry keeps the conventional attributes", async () => {
  const telemetry = new Telemetry();
  const observer = telemetry.observer({
    attributes: () => ({ "server.address": undefined, "x.more": "yes" }),
  });
  const url = await start(echo);
  const transport = createStreamTransport({ protocol: "grpc", baseUrl: url });
  await createLabServiceClient(transport, { observer }).unary({});
  const [span] = await telemetry.spans(1);
  expect(span?.attributes).toMatchObject({ "server.address": "127.0.0.1", "x.more": "yes" });
});
