// SPDX-License-Identifier: Apache-2.0
// An option that is undefined was not given: it takes the place of nothing that is set further out.
import { toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type ConnectRouterOptions,
  type Interceptor,
} from "@connectrpc/connect";
import type { StreamCallOptions } from "connect-stream";
import { type ServeOptions, serve } from "connect-stream/node";
import { describe, expect, it, vi } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { LabService, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { note } from "../support/note.js";
import { envelope } from "../support/raw.js";
import { connectOn1, connectOn2, grpcOn2, grpcWebOn2, type Wire } from "../support/wires.js";

vi.setConfig({ testTimeout: 20_000 });

const handler: LabServiceHandler = {
  async unary(request, { signal }) {
    signal.throwIfAborted();
    return request;
  },
  download: (request, stream) => stream.send(request),
  async upload(stream) {
    const first = await stream.recv();
    await stream.sendAndClose(first ?? {});
  },
  async chat(stream) {
    for await (const one of stream) await stream.send(one);
  },
};

/** Both kinds of services that a server has. */
const services = {
  "a generated service": (router: ConnectRouter, options?: ConnectRouterOptions) =>
    registerLabService(router, handler, options),
  "Connect's service": (router: ConnectRouter, options?: ConnectRouterOptions) =>
    router.service(
      LabService,
      {
        async unary(request, { signal }) {
          signal.throwIfAborted();
          return request;
        },
        async *download(request, { signal }) {
          signal.throwIfAborted();
          yield request;
        },
      },
      options,
    ),
};

/** What a unary call and a download come to. */
async function outcomes(
  url: string,
  wire: Wire = connectOn2,
  request: { text: string } = { text: "hi" },
  options: StreamCallOptions = {},
): Promise<string[]> {
  const client = createLabServiceClient(ourTransport(url, wire));
  const results = await Promise.allSettled([
    client.unary(request, options),
    client.download(request, options).recv(),
  ]);
  return results.map((result) =>
    result.status === "fulfilled" ? "ok" : `${Code[ConnectError.from(result.reason).code]}`,
  );
}

const big = { text: "a".repeat(4096) };

/** What comes back to a unary call and a download of plain HTTP. */
async function raw(
  url: string,
  type: "json" | "proto",
  body: Uint8Array = new TextEncoder().encode(JSON.stringify(big)),
  headers: Record<string, string> = { "connect-protocol-version": "1" },
): Promise<{ status: number; encoding: string | null; bytes: string }[]> {
  const send = async (rpc: string, contentType: string, bytes: Uint8Array, accept: string) => {
    const response = await fetch(`${url}/lab.v1.LabService/${rpc}`, {
      method: "POST",
      headers: { ...headers, "content-type": contentType, [accept]: "gzip" },
      body: new Uint8Array(bytes),
    });
    const { status } = response;
    const encoding = response.headers.get("content-encoding");
    return {
      status,
      encoding,
      bytes: Buffer.from(await response.arrayBuffer()).toString("latin1"),
    };
  };
  return [
    await send("Unary", `application/${type}`, body, "accept-encoding"),
    await send(
      "Download",
      `application/connect+${type}`,
      envelope(body),
      "connect-accept-encoding",
    ),
  ];
}

const deny: Interceptor = () => () => {
  throw new ConnectError("who are you?", Code.Unauthenticated);
};
const withUnknown = Buffer.concat([toBinary(NoteSchema, note("hi")), Buffer.from("\x7a\x01a")]);

interface Row {
  /** What the server has in any case. */
  readonly base?: Omit<ServeOptions, "routes">;
  /** Options of the server, which make a difference to `probe`. */
  readonly server: Omit<ServeOptions, "routes"> & { requestGate?: () => Promise<void> };
  probe(url: string): Promise<unknown>;
  /** Connect knows the option from 2.2 on. */
  readonly since22?: true;
}

/** Each option that a service shares with its server. */
const shared: Record<Exclude<keyof ConnectRouterOptions, "requestGate"> | "requestGate", Row> = {
  grpc: { server: { grpc: false }, probe: (url) => outcomes(url, grpcOn2) },
  grpcWeb: { server: { grpcWeb: false }, probe: (url) => outcomes(url, grpcWebOn2) },
  connect: { server: { connect: false }, probe: (url) => outcomes(url, connectOn1) },
  readMaxBytes: { server: { readMaxBytes: 100 }, probe: (url) => outcomes(url, grpcOn2, big) },
  writeMaxBytes: { server: { writeMaxBytes: 100 }, probe: (url) => outcomes(url, grpcOn2, big) },
  compressMinBytes: { server: { compressMinBytes: 1 }, probe: (url) => raw(url, "json") },
  acceptCompression: {
    base: { compressMinBytes: 1 },
    server: { acceptCompression: [] },
    probe: (url) => raw(url, "json"),
  },
  interceptors: { server: { interceptors: [deny] }, probe: (url) => outcomes(url) },
  maxTimeoutMs: {
    server: { maxTimeoutMs: 1000 },
    probe: (url) => outcomes(url, connectOn2, { text: "hi" }, { timeoutMs: 60_000 }),
  },
  requireConnectProtocolHeader: {
    server: { requireConnectProtocolHeader: true },
    probe: (url) => raw(url, "json", undefined, {}),
  },
  jsonOptions: {
    server: { jsonOptions: { alwaysEmitImplicit: true } },
    probe: (url) => raw(url, "json"),
  },
  binaryOptions: {
    server: { binaryOptions: { writeUnknownFields: false } },
    probe: (url) => raw(url, "proto", withUnknown),
  },
  shutdownSignal: {
    server: { shutdownSignal: AbortSignal.abort(new ConnectError("down", Code.Unavailable)) },
    probe: (url) => outcomes(url),
  },
  requestGate: {
    server: { requestGate: () => Promise.reject(new ConnectError("no")) },
    probe: (url) => outcomes(url),
    since22: true,
  },
};

describe.each(Object.entries(services))("%s", (_, register) => {
  const observe = async (
    { base, probe }: Row,
    options: Omit<ServeOptions, "routes">,
    service?: ConnectRouterOptions,
  ) => {
    const server = await serve({
      ...base,
      ...options,
      routes: (router) => register(router, service),
    });
    try {
      return await probe(server.url);
    } finally {
      await server.close({ graceMs: 0 });
    }
  };

  it.each(Object.entries(shared))("%s: undefined leaves what is set", async (key, row) => {
    const none = Object.fromEntries([[key, undefined]]);
    const byDefault = await observe(row, {});
    const guarded = await observe(row, row.server);
    if (!row.since22) expect(guarded).not.toEqual(byDefault);
    expect(await observe(row, row.server, none)).toEqual(guarded);
    expect(await observe(row, none)).toEqual(byDefault);
    expect(await observe(row, none, none)).toEqual(byDefault);
  });
});

it.each(Object.entries(services))(
  "%s with an option of its own is served by no protocol that its server has off",
  async (_, register) => {
    const server = await serve({
      grpc: false,
      routes: (router) => register(router, { readMaxBytes: 1000 }),
    });
    expect(await outcomes(server.url, grpcOn2)).not.toContain("ok");
    expect(await outcomes(server.url, connectOn2)).toEqual(["ok", "ok"]);
    await server.close({ graceMs: 0 });
  },
);

it("all options of a server that are undefined leave its defaults", async () => {
  const none: Record<keyof ServeOptions, undefined> = Object.assign(
    Object.fromEntries(Object.keys(shared).map((key) => [key, undefined])),
    {
      contextValues: undefined,
      cors: undefined,
      drainSignal: undefined,
      fallback: undefined,
      halfCloseGraceMs: undefined,
      healthPath: undefined,
      host: undefined,
      http2: undefined,
      idleTimeoutMs: undefined,
      keepAlive: undefined,
      maxConcurrentStreams: undefined,
      maxHeaderBytes: undefined,
      port: undefined,
      requestPathPrefix: undefined,
      resetLimit: undefined,
      tls: undefined,
    },
  ) as Record<keyof ServeOptions, undefined>;
  const routes = (router: ConnectRouter) => registerLabService(router, handler);
  const server = await serve(Object.assign({}, none, { routes }));
  expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  const tooLarge = { text: "a".repeat(5 * 1024 * 1024) };
  const refused = ["ResourceExhausted", "ResourceExhausted"];
  expect(await outcomes(server.url, connectOn2, tooLarge)).toEqual(refused);
  expect(await outcomes(server.url)).toEqual(["ok", "ok"]);
  await server.close({ graceMs: 0 });
});
