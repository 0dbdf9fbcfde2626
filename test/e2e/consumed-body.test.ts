// SPDX-License-Identifier: Apache-2.0
// Body parsers that have read a request before streamNodeAdapter gets it.
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Code } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { type NodeListener, streamNodeAdapter } from "connect-stream/node";
import express, { type RequestHandler } from "express";
import { fastify } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { ourTransport, type SharedOptions } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { echo } from "../support/watched.js";
import { connectOn1, connectOn2, grpcWebOn1, type Wire } from "../support/wires.js";

const text = "ümlaut ".repeat(300);

/** The three kinds of RPC that HTTP/1.1 has. */
const calls = {
  unary: async (client: LabServiceClient) => (await client.unary({ text })).text,
  download: async (client: LabServiceClient) => (await client.download({ text }).recv())?.text,
  upload: async (client: LabServiceClient) => {
    const upload = client.upload();
    await upload.send({ text });
    return (await upload.closeAndRecv()).text;
  },
};

async function behind(parser: RequestHandler, wire: Wire, options: SharedOptions = {}) {
  const lab = await startLab(echo, {
    http: "1.1",
    listener(adapter) {
      const app = express();
      app.use(parser, streamNodeAdapter(adapter));
      return app as NodeListener;
    },
  });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  return createLabServiceClient(ourTransport(lab.url, wire, options));
}

const any = { type: () => true, limit: "1mb" };
const json = { useBinaryFormat: false };
const gzip = { sendCompression: compressionGzip, compressMinBytes: 1 };

describe("express.raw leaves everything", () => {
  describe.each([connectOn1, grpcWebOn1])("$name", (wire) => {
    it.each([
      ["binary", {}],
      ["JSON", json],
      ["gzip", gzip],
    ])("%s", async (_, options) => {
      const client = await behind(express.raw(any), wire, options);
      for (const call of Object.values(calls)) expect(await call(client)).toBe(text);
    });
  });
});

describe.each([
  ["express.json", express.json()],
  ["express.text", express.text(any)],
])("%s", (_, parser) => {
  it.each([
    ["as it is", json],
    ["gzip", { ...json, ...gzip }],
  ])("leaves unary requests in JSON: %s", async (_, options) => {
    const client = await behind(parser, connectOn1, options);
    expect(await calls.unary(client)).toBe(text);
  });
});

it("express.json leaves alone what is not JSON", async () => {
  for (const wire of [connectOn1, grpcWebOn1]) {
    const client = await behind(express.json(), wire);
    for (const call of Object.values(calls)) expect(await call(client)).toBe(text);
  }
});

describe.each([
  ["text of bytes", express.text(any), connectOn1, {}],
  ["text of gRPC-Web", express.text(any), grpcWebOn1, {}],
  ["JSON of envelopes", express.text(any), connectOn1, json],
] as const)("%s", (_, parser, wire, options) => {
  const broken = wire === connectOn1 && "useBinaryFormat" in options ? ["download"] : ["unary"];
  it.each([...broken, "upload"] as (keyof typeof calls)[])(
    "%s fails and says why",
    async (kind) => {
      const client = await behind(parser, wire, options);
      const error = await failure(calls[kind](client));
      expect(error.code).toBe(Code.Internal);
      expect(error.rawMessage).toMatch(/body parser .* put streamNodeAdapter before it/);
    },
  );
});

describe.each(Object.keys(calls) as (keyof typeof calls)[])("%s", (kind) => {
  it.each([
    ["all of the request", (request: IncomingMessage) => request.readableEnded],
    ["a part of it", (request: IncomingMessage) => request.readableDidRead],
  ])("somebody has read %s, and left nothing", async (_, enough) => {
    const client = await behind((request, _response, next) => {
      const done = () => {
        if (!enough(request)) return;
        request.off("data", done).off("end", done).pause();
        next();
      };
      request.on("data", done).on("end", done);
    }, connectOn1);
    const error = await failure(calls[kind](client));
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain("left no request.body");
  });
});

describe("Fastify on request.raw", () => {
  async function mounted(parse: "its parsers" | "none") {
    const adapter = streamNodeAdapter({ routes: (router) => registerLabService(router, echo) });
    const app = fastify();
    if (parse === "none") {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser("*", (_request, _payload, done) => done(null));
    }
    app.all("/*", (request, reply) => {
      reply.hijack();
      adapter(request.raw, reply.raw);
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => {
      app.server.close();
    });
    const { port } = app.server.address() as AddressInfo;
    return createLabServiceClient(ourTransport(`http://127.0.0.1:${port}`, connectOn1, json));
  }

  it("its parsers take a request in JSON, and the call says so", async () => {
    const error = await failure(calls.unary(await mounted("its parsers")));
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain("put streamNodeAdapter before it");
  });

  it("without parsers everything works", async () => {
    const client = await mounted("none");
    for (const call of Object.values(calls)) expect(await call(client)).toBe(text);
  });
});

it("HTTP/2: what a parser leaves as request.body is used", async () => {
  await using lab = await startLab(echo, {
    listener(options): NodeListener {
      const adapter = streamNodeAdapter(options);
      return async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        adapter(Object.assign(request, { body: Buffer.concat(chunks) }), response);
      };
    },
  });
  const client = createLabServiceClient(ourTransport(lab.url, connectOn2));
  for (const call of Object.values(calls)) expect(await call(client)).toBe(text);
});
