// SPDX-License-Identifier: Apache-2.0
// Pages of other origins, as their browsers see a server.
import type * as http from "node:http";
import {
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { type CorsOptions, type ServeOptions, serve, streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { failure } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { serveLab } from "../support/lab.js";
import { openPage, options } from "../support/page-fetch.js";
import { noteEnvelope, rawHttp2 } from "../support/raw.js";

const app = "https://app.example.com";
const stranger = "https://evil.example.com";

const handler: Partial<LabServiceHandler> = {
  async unary({ text }, context) {
    context.responseHeader.set("x-cost", "1");
    context.responseTrailer.set("x-total", "2");
    if (text === "fail") throw new ConnectError("no", Code.NotFound, { "x-cost": "3" });
    return { text };
  },
  async download({ text }, stream) {
    stream.context.responseHeader.set("x-cost", "1");
    if (text === "fail") throw new ConnectError("no", Code.NotFound);
    await stream.send({ text });
  },
};

async function start(cors: CorsOptions | undefined, more: Partial<ServeOptions> = {}) {
  const server = await serve({
    routes: (router) => registerLabService(router, handler),
    ...(cors ? { cors } : {}),
    ...more,
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

type CreateTransport = (options: { baseUrl: string; fetch: typeof fetch }) => Transport;

const transports: [string, CreateTransport][] = [
  ["Connect-Web", (init) => createConnectTransport(init)],
  ["Connect-Web, JSON", (init) => createConnectTransport({ ...init, useBinaryFormat: false })],
  ["gRPC-Web", (init) => createGrpcWebTransport(init)],
];

describe.each(transports)("%s", (_, transport) => {
  it.each<[string, CorsOptions, string]>([
    ["a list", { origins: [app] }, app],
    ["a function", { origins: (origin) => origin.endsWith(".example.com") }, app],
    ["all origins", { origins: "*" }, "*"],
  ])("calls from an origin that is let in by %s", async (_, cors, told) => {
    const { url } = await start(cors);
    const page = openPage(app);
    const client = createLabServiceClient(transport({ baseUrl: url, fetch: page.fetch }));
    expect((await client.unary({ text: "a" }, { timeoutMs: 5000 })).text).toBe("a");
    const stream = client.download({ text: "b" }, { timeoutMs: 5000 });
    expect((await stream.recv())?.text).toBe("b");
    expect(await stream.recv()).toBeUndefined();
    for (const headers of page.preflights) {
      expect(headers.get("access-control-allow-origin")).toBe(told);
      expect(headers.get("access-control-max-age")).toBe("7200");
      expect(headers.get("vary")).toBe(told === "*" ? null : "origin");
    }
    expect(page.preflights).toHaveLength(2);
  });

  it("sees how calls fail", async () => {
    const { url } = await start({ origins: [app], exposedHeaders: ["x-cost"] });
    const { fetch } = openPage(app);
    const client = createLabServiceClient(transport({ baseUrl: url, fetch }));
    const unary = await failure(client.unary({ text: "fail" }));
    expect(unary).toMatchObject({ code: Code.NotFound, rawMessage: "no" });
    expect(unary.metadata.get("x-cost")).toContain("3");
    const streamed = await failure(client.download({ text: "fail" }).recv());
    expect(streamed).toMatchObject({ code: Code.NotFound, rawMessage: "no" });
    const other = createClient(
      { ...LabService, typeName: "lab.v1.Unknown" } as typeof LabService,
      transport({ baseUrl: `${url}/nowhere`, fetch }),
    );
    expect((await failure(other.unary({}))).code).toBe(Code.Unimplemented);
  });

  it("sends and sees the headers that are named", async () => {
    const cors = { origins: [app], allowedHeaders: ["Authorization"] };
    const bare = await start(cors);
    const named = await start({ ...cors, exposedHeaders: ["X-Cost", "x-total"] });
    const { fetch } = openPage(app);
    const headers = { authorization: "Bearer x" };
    const seen = async (url: string) => {
      const client = createClient(LabService, transport({ baseUrl: url, fetch }));
      let header: string | null = null;
      let trailer: string | null = null;
      await client.unary(
        {},
        {
          headers,
          onHeader: (h) => {
            header = h.get("x-cost");
          },
          onTrailer: (t) => {
            trailer = t.get("x-total");
          },
        },
      );
      return [header, trailer];
    };
    expect((await seen(bare.url))[0]).toBe(null);
    expect(await seen(named.url)).toEqual(["1", "2"]);
    const unnamed = { headers: { "x-other": "1" } };
    const client = createLabServiceClient(transport({ baseUrl: named.url, fetch }));
    expect((await failure(client.unary({}, unnamed))).message).toContain("x-other not allowed");
  });

  it("repeats calls, whose header says so", async () => {
    let calls = 0;
    const { url } = await start(
      { origins: [app] },
      {
        routes: (router) =>
          registerLabService(router, {
            async unary() {
              if (++calls === 1) throw new ConnectError("again", Code.Unavailable);
              return { text: "second" };
            },
          }),
      },
    );
    const { fetch } = openPage(app);
    const client = createLabServiceClient(transport({ baseUrl: url, fetch }));
    const retry = { retryableCodes: [Code.Unavailable], initialBackoffMs: 1 };
    expect((await client.unary({}, { retry })).text).toBe("second");
  });

  it("has credentials only where they are allowed", async () => {
    const without = await start({ origins: [app] });
    const allowed = await start({ origins: [app], credentials: true });
    const { fetch } = openPage(app, true);
    const call = (baseUrl: string) =>
      createLabServiceClient(transport({ baseUrl, fetch })).unary({ text: "a" });
    expect((await failure(call(without.url))).message).toContain("no credentials");
    expect((await call(allowed.url)).text).toBe("a");
  });

  it("is kept out by default, and where its origin is another", async () => {
    const byDefault = await start(undefined);
    const listed = await start({ origins: [app] });
    const { fetch } = openPage(stranger);
    for (const { url: baseUrl } of [byDefault, listed]) {
      const client = createLabServiceClient(transport({ baseUrl, fetch }));
      expect((await failure(client.unary({}))).message).toMatch(/preflight: (403|405)/);
    }
  });
});

it("an interceptor that answers in the place of a handler takes nothing away", async () => {
  const replace: Interceptor = (next) => async (request) => {
    const response = await next(request);
    return { ...response, header: new Headers() };
  };
  const { url } = await start({ origins: [app] }, { interceptors: [replace] });
  const { headers } = await fetch(`${url}/lab.v1.LabService/Unary`, {
    method: "POST",
    headers: { origin: app, "content-type": "application/json" },
    body: "{}",
  });
  expect(headers.get("access-control-allow-origin")).toBe(app);
});

it("a handler's own header does not make a second one", async () => {
  const { url } = await start(
    { origins: [app] },
    {
      routes: (router) =>
        registerLabService(router, {
          async unary(_request, { responseHeader }) {
            responseHeader.set("access-control-allow-origin", "*");
            responseHeader.set("vary", "accept-language");
            return {};
          },
        }),
    },
  );
  const { headers } = await fetch(`${url}/lab.v1.LabService/Unary`, {
    method: "POST",
    headers: { origin: app, "content-type": "application/json" },
    body: "{}",
  });
  expect(headers.get("access-control-allow-origin")).toBe(app);
  expect(headers.get("vary")).toBe("accept-language, origin");
});

const raw = { ":path": "/lab.v1.LabService/Download", origin: app };

it.each([
  ["a call", { ...raw, "content-type": "application/grpc-web+proto" }, 200],
  ["a path that is none", { ...raw, ":path": "/none" }, 404],
  ["a method that is none", { ...raw, ":method": "PUT" }, 405],
  ["a content type that is none", { ...raw, "content-type": "text/plain" }, 415],
])("over HTTP/2, the answer to %s has the headers", async (_, headers, status) => {
  const { url } = await start({ origins: [app] });
  const answer = await rawHttp2(url, headers, [noteEnvelope()]);
  expect(answer.status).toBe(status);
  expect(answer.headers["access-control-allow-origin"]).toBe(app);
  expect(answer.headers["access-control-expose-headers"]).toContain("Grpc-Status");
});

it("answers a preflight over HTTP/2", async () => {
  const { url } = await start({ origins: [app] });
  const asked = { ...raw, ":method": "OPTIONS", "access-control-request-method": "POST" };
  const answer = await rawHttp2(url, asked, []);
  expect(answer).toMatchObject({ status: 204, body: Buffer.alloc(0) });
  expect(answer.headers["access-control-allow-methods"]).toBe("POST, GET");
});

it("tells who is no browser nothing", async () => {
  const { url } = await start({ origins: "*" });
  const headers = { ":path": raw[":path"], "content-type": "application/grpc" };
  const answer = await rawHttp2(url, headers, [noteEnvelope()]);
  expect(Object.keys(answer.headers).filter((name) => /access|vary/.test(name))).toEqual([]);
});

it("leaves what is the fallback's to it", async () => {
  const lab = await serveLab(
    streamNodeAdapter({
      routes: (router) => registerLabService(router, handler),
      cors: { origins: [app] },
      fallback: (_request, response) => void (response as http.ServerResponse).writeHead(201).end(),
    }),
    "1.1",
  );
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const asked = { origin: app, "access-control-request-method": "POST" };
  const [own, other] = await Promise.all([
    options(`${lab.url}/lab.v1.LabService/Unary`, asked),
    options(`${lab.url}/other`, asked),
  ]);
  expect([own.status, other.status]).toEqual([204, 201]);
  expect(other.headers.get("access-control-allow-origin")).toBe(null);
});

const one =
  'cors.origins[0] must be an origin as browsers send it, such as "https://app.example.com"';

it.each<[object, string]>([
  [{}, 'cors.origins must be "*", a list of origins or a function, not undefined'],
  [{ origins: "https://app.example.com" }, 'cors.origins must be "*", a list of origins'],
  [{ origins: ["*"] }, `${one}, not "*"`],
  [{ origins: ["https://app.example.com/"] }, `${one}, not "https://app.example.com/"`],
  [{ origins: ["https://App.example.com:443"] }, one],
  [{ origins: ["app.example.com"] }, one],
  [{ origins: ["null"] }, one],
  [{ origins: "*", credentials: true }, "cors.origins must list origins"],
  [{ origins: [app], credentials: "yes" }, 'cors.credentials must be true or false, not "yes"'],
  [{ origins: [app], maxAge: 1 }, "cors.maxAge does not exist"],
  [{ origins: [app], maxAgeSeconds: -1 }, "cors.maxAgeSeconds must be a whole number"],
  [{ origins: [app], allowedHeaders: "a" }, "cors.allowedHeaders must be a list"],
  [{ origins: [app], exposedHeaders: ["a b"] }, "cors.exposedHeaders[0] must be the name"],
])("%j is refused", async (cors, message) => {
  const routes = () => undefined;
  const served = serve({ routes, cors: cors as CorsOptions });
  await expect(served).rejects.toThrow(message);
  await expect(served).rejects.toThrow(RangeError);
});

it("lets origins of an app's own scheme in", async () => {
  const { url } = await start({ origins: ["capacitor://localhost", "http://localhost:5173"] });
  for (const origin of ["capacitor://localhost", "http://localhost:5173"]) {
    const client = createLabServiceClient(
      createConnectTransport({ baseUrl: url, fetch: openPage(origin).fetch }),
    );
    expect((await client.unary({ text: "a" })).text).toBe("a");
  }
});
