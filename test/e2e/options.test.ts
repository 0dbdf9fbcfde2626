// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import { createStreamTransport } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { generatedClient } from "../support/clients/generated.js";
import { plainClient } from "../support/clients/plain-connect.js";
import { all, type TestClient } from "../support/clients/test-client.js";
import {
  connectNodeTransport,
  ourTransport,
  type SharedOptions,
} from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  createNamesServiceClient,
  type LabServiceHandler,
  registerNamesService,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { connectOn1, connectOn2, grpcOn2, grpcWebOn2, type Wire, wires } from "../support/wires.js";

/** Handlers as a class: methods need their `this`, and share what they keep in it. */
class Counter implements LabServiceHandler {
  #calls = 0;

  async unary() {
    return { number: this.#next() };
  }

  async download(_: unknown, stream: Parameters<LabServiceHandler["download"]>[1]) {
    await stream.send({ number: this.#next() });
  }

  async upload(stream: Parameters<LabServiceHandler["upload"]>[0]) {
    await stream.sendAndClose({ number: this.#next() });
  }

  async chat(stream: Parameters<LabServiceHandler["chat"]>[0]) {
    await stream.send({ number: this.#next() });
  }

  #next(): bigint {
    return BigInt(++this.#calls);
  }
}

/** Counts how often it is used. */
function counting(compression: Compression): Compression & { used: string[] } {
  const used: string[] = [];
  return {
    name: compression.name,
    used,
    compress: (bytes) => {
      used.push("compress");
      return compression.compress(bytes);
    },
    decompress: (bytes, max) => {
      used.push("decompress");
      return compression.decompress(bytes, max);
    },
  };
}

const text = "compressible ".repeat(1000);

async function expectEcho(client: TestClient, wire: Wire): Promise<void> {
  expect((await client.unary({ text })).text).toBe(text);
  const replies = await all(client.download({ text }));
  expect(replies.map((reply) => reply.text)).toEqual([text, text, "small"]);
  const upload = client.upload();
  for (const part of [text, "b", text]) await upload.send({ text: part });
  upload.closeSend();
  expect((await upload.recv())?.text).toBe(`${text}b${text}`);
  if (wire.http === "1.1") return;
  const chat = client.chat();
  for (const part of [text, "b", "", text]) {
    await chat.send({ text: part });
    expect((await chat.recv())?.text).toBe(part);
  }
  chat.closeSend();
  expect(await chat.recv()).toBeUndefined();
}

const echo: LabServiceHandler = {
  unary: async (request) => ({ text: request.text }),
  async download(request, stream) {
    void stream.send({ text: request.text });
    await stream.send({ text: request.text });
    void stream.send({ text: "small" });
  },
  async upload(stream) {
    let joined = "";
    for await (const message of stream) joined += message.text;
    await stream.sendAndClose({ text: joined });
  },
  async chat(stream) {
    for await (const message of stream) await stream.send({ text: message.text });
  },
};

describe.each(wires)("$name", (wire) => {
  const clients: [string, (url: string, options: SharedOptions) => TestClient][] = [
    ["generated client", (url, o) => generatedClient(ourTransport(url, wire, o))],
    [
      "generated client on Connect-Node's transport",
      (url, o) => generatedClient(connectNodeTransport(url, wire, o)),
    ],
    ["Connect's client", (url, o) => plainClient(connectNodeTransport(url, wire, o))],
  ];

  describe.each(clients)("%s", (_, create) => {
    it.each([compressionGzip, compressionBrotli])("$name both ways", async (base) => {
      const server = counting(base);
      const client = counting(base);
      await using lab = await startLab(echo, {
        http: wire.http,
        adapter: { acceptCompression: [server], compressMinBytes: 10 },
      });
      const options = {
        acceptCompression: [client],
        sendCompression: client,
        compressMinBytes: 10,
      };
      await expectEcho(create(lab.url, options), wire);
      expect(new Set(server.used)).toEqual(new Set(["compress", "decompress"]));
      expect(new Set(client.used)).toEqual(new Set(["compress", "decompress"]));
    });

    it("a client that compresses what the server cannot read is told so", async () => {
      await using lab = await startLab(echo, {
        http: wire.http,
        adapter: { acceptCompression: [compressionGzip] },
      });
      const client = create(lab.url, {
        sendCompression: compressionBrotli,
        compressMinBytes: 0,
      });
      const error = await failure(client.download({ text }).recv());
      expect(error.code).toBe(Code.Unimplemented);
      expect(error.message).toContain("br");
    });

    it("JSON", async () => {
      await using lab = await startLab(echo, { http: wire.http });
      await expectEcho(create(lab.url, { useBinaryFormat: false }), wire);
    });
  });

  it("handlers may be class instances, with what they inherit", async () => {
    class Special extends Counter {}
    await using lab = await startLab(new Special(), { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    expect((await client.unary({})).number).toBe(1n);
    expect((await client.download({}).recv())?.number).toBe(2n);
    expect((await client.upload().closeAndRecv()).number).toBe(3n);
    if (wire.http === "2") expect((await client.chat().recv())?.number).toBe(4n);
  });

  it("a request path prefix, and a base URL with a path", async () => {
    await using lab = await startLab(echo, {
      http: wire.http,
      adapter: { requestPathPrefix: "/api/v1" },
    });
    await expectEcho(generatedClient(ourTransport(`${lab.url}/api/v1`, wire)), wire);
    await expectEcho(generatedClient(ourTransport(`${lab.url}/api/v1/`, wire)), wire);
    const elsewhere = generatedClient(ourTransport(lab.url, wire));
    expect((await failure(elsewhere.download({}).recv())).code).toBe(Code.Unimplemented);
  });

  it("names that every object has are unimplemented when they are left out", async () => {
    await using lab = await startLab(
      {},
      { http: wire.http, routes: (router) => registerNamesService(router, {}) },
    );
    const client = createNamesServiceClient(ourTransport(lab.url, wire));
    const calls: Promise<unknown>[] = [
      client.toString$({}),
      client.constructor$({}).recv(),
      client.valueOf$().closeAndRecv(),
    ];
    if (wire.http === "2") calls.push(client.hasOwnProperty$().recv());
    const errors = await Promise.all(calls.map(failure));
    expect(errors.map(({ code }) => code)).toEqual(calls.map(() => Code.Unimplemented));
  });

  it("names that every object has work when they are not", async () => {
    await using lab = await startLab(
      {},
      {
        http: wire.http,
        routes: (router) =>
          registerNamesService(router, {
            toString$: async () => ({ text: "a" }),
            constructor$: (_request, stream) => stream.send({ text: "b" }),
            valueOf$: (stream) => stream.sendAndClose({ text: "c" }),
          }),
      },
    );
    const client = createNamesServiceClient(ourTransport(lab.url, wire));
    expect((await client.toString$({})).text).toBe("a");
    expect((await client.constructor$({}).recv())?.text).toBe("b");
    expect((await client.valueOf$().closeAndRecv()).text).toBe("c");
  });

  it("context tells what the request was", async () => {
    const key = createContextKey("nothing");
    let seen: Record<string, unknown> = {};
    await using lab = await startLab(
      {
        async download(_request, { context }) {
          const { method, service, protocolName, requestMethod, url } = context;
          const value = context.values.get(key);
          seen = { method, service, protocolName, requestMethod, url, value };
        },
      },
      {
        http: wire.http,
        adapter: { contextValues: (request) => createContextValues().set(key, request.url ?? "") },
      },
    );
    await all(generatedClient(ourTransport(lab.url, wire)).download({}));
    expect(seen).toEqual({
      method: LabService.method.download,
      service: LabService,
      protocolName: wire.protocol,
      requestMethod: "POST",
      url: `${lab.url}/lab.v1.LabService/Download`,
      value: "/lab.v1.LabService/Download",
    });
  });

  it("a message's bytes stay what they were when the next message comes", async () => {
    const kept: Uint8Array[] = [];
    await using lab = await startLab(
      {
        async upload(stream) {
          for await (const { payload } of stream) kept.push(payload);
          await stream.sendAndClose({});
        },
        async download(_request, stream) {
          for (let i = 0; i < 100; i++) await stream.send({ payload: new Uint8Array(100).fill(i) });
        },
      },
      { http: wire.http },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const upload = client.upload();
    for (let i = 0; i < 100; i++) void upload.send({ payload: new Uint8Array(100).fill(i) });
    await upload.closeAndRecv();
    for await (const { payload } of client.download({})) kept.push(payload);
    expect(kept.length).toBe(200);
    kept.forEach((payload, i) => {
      // A plain array, which holds little else in memory, and not all that came in one read.
      expect(payload.constructor).toBe(Uint8Array);
      expect(payload.buffer.byteLength).toBeLessThan(4096);
      expect(payload.every((byte) => byte === i % 100)).toBe(true);
    });
  });
});

describe("protocols of a service or a router", () => {
  it.each([
    [{ grpc: false }, grpcOn2],
    [{ grpcWeb: false }, grpcWebOn2],
    [{ connect: false }, connectOn2],
  ] as const)("%o refuses that protocol and no other", async (off, refused) => {
    for (const options of [{ service: off }, { adapter: off }]) {
      await using lab = await startLab(echo, { http: "2", ...options });
      for (const wire of [grpcOn2, grpcWebOn2, connectOn2]) {
        const client = generatedClient(ourTransport(lab.url, wire));
        if (wire !== refused) await expectEcho(client, wire);
        else await Promise.all([client.unary({}), client.download({}).recv()].map(failure));
      }
      await lab.idle();
    }
  });

  it("a service's own limit goes before the router's, and its onError is its own", async () => {
    const errors: unknown[] = [];
    await using lab = await startLab(
      {
        async download(_request, stream) {
          await stream.send({ text: "x".repeat(1000) });
        },
        async chat() {
          throw "a fault";
        },
      },
      {
        http: "2",
        adapter: { writeMaxBytes: 100 },
        service: { writeMaxBytes: 10_000, onError: (error) => errors.push(error) },
      },
    );
    const client = createLabServiceClient(ourTransport(lab.url, connectOn2));
    expect((await client.download({}).recv())?.text.length).toBe(1000);
    await failure(client.chat().recv());
    expect(errors).toEqual(["a fault"]);
  });

  it("maxTimeoutMs and requireConnectProtocolHeader are kept", async () => {
    await using lab = await startLab(echo, {
      http: "2",
      adapter: { maxTimeoutMs: 1000, requireConnectProtocolHeader: true },
    });
    for (const wire of [grpcOn2, grpcWebOn2, connectOn2]) {
      const client = generatedClient(ourTransport(lab.url, wire));
      const error = await failure(client.download({}, { timeoutMs: 2000 }).recv());
      expect(error.code).toBe(Code.InvalidArgument);
      await expectEcho(client, wire);
    }
    const session = http2.connect(lab.url);
    const stream = session.request({
      ":method": "POST",
      ":path": "/lab.v1.LabService/Download",
      "content-type": "application/connect+proto",
    });
    stream.end(Buffer.from([0, 0, 0, 0, 0]));
    let body = "";
    for await (const chunk of stream) body += chunk;
    expect(body).toContain("invalid_argument");
    session.destroy();
  });

  it("services of Connect's own kind are served beside ours", async () => {
    await using lab = await startLab(
      {},
      {
        http: "2",
        routes: (router) =>
          router.service(LabService, {
            unary: async () => ({ text: "plain" }),
            async *download() {
              yield { text: "plain" };
            },
          }),
      },
    );
    for (const wire of [grpcOn2, grpcWebOn2, connectOn2]) {
      // The later of two handlers of one path counts, as with Connect.
      const client = generatedClient(ourTransport(lab.url, wire));
      expect((await client.unary({})).text).toBe("plain");
      expect((await all(client.download({}))).map((reply) => reply.text)).toEqual(["plain"]);
    }
  });
});

describe("createStreamTransport", () => {
  it.each([
    [{ protocol: "soap", baseUrl: "http://localhost" }, /protocol.*grpc, grpc-web, connect/],
    [{ protocol: "grpc", baseUrl: "localhost:1" }, /baseUrl/],
    [{ protocol: "grpc", baseUrl: "http://" }, /baseUrl/],
    [{ protocol: "grpc", httpVersion: "1.1", baseUrl: "http://localhost" }, /HTTP\/2/],
    [{ protocol: "connect", httpVersion: "3", baseUrl: "http://localhost" }, /httpVersion/],
  ])("%o does not work, and says why", (options, message) => {
    // What JavaScript users may write.
    const create = createStreamTransport as (options: unknown) => unknown;
    expect(() => create(options)).toThrow(ConnectError);
    expect(() => create(options)).toThrow(message);
  });

  it("a default deadline holds for all kinds, and a call's own goes before it", async () => {
    await using lab = await startLab(
      {
        unary: () => new Promise(() => undefined),
        download: (_request, stream) =>
          stream.context.timeoutMs() === undefined
            ? stream.send({ text: "no deadline" })
            : new Promise(() => undefined),
      },
      { http: "1.1" },
    );
    const transport = ourTransport(lab.url, connectOn1, { defaultTimeoutMs: 50 });
    const client = createLabServiceClient(transport);
    const calls = [client.unary({}), client.download({}).recv()];
    const errors = await Promise.all(calls.map(failure));
    expect(errors.map(({ code }) => code)).toEqual([Code.DeadlineExceeded, Code.DeadlineExceeded]);
    expect((await client.download({}, { timeoutMs: 0 }).recv())?.text).toBe("no deadline");
    const patient = createLabServiceClient(transport, { timeoutMs: 0 });
    expect((await patient.download({}).recv())?.text).toBe("no deadline");
  });
});
