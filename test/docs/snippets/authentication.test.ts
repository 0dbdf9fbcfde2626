// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { TLSSocket } from "node:tls";
import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import { ErrorInfoSchema, findErrorInfo, resumable, takeUntil } from "connect-stream";
import { createStreamTransport, type NodeRequest, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { failure } from "../../support/gate.js";
import { certFile, keyFile } from "../../support/tls.js";

interface Token {
  readonly name: string;
  readonly expired: AbortSignal;
}

/** Tokens that are valid, and how to let one expire. */
const issued = new Map<string, { token: Token; expire: () => void }>();

function issue(name: string): string {
  const text = `${name}-${issued.size}`;
  const expiry = new AbortController();
  issued.set(text, {
    token: { name, expired: expiry.signal },
    expire: () => expiry.abort(),
  });
  return text;
}

function verify(header: string | null): Token | undefined {
  const found = issued.get(header?.replace("Bearer ", "") ?? "");
  return found && !found.token.expired.aborted ? found.token : undefined;
}

const expireAll = () => {
  for (const { expire } of issued.values()) expire();
};

const user = createContextKey("nobody");

const authenticate: Interceptor = (next) => async (request) => {
  const token = verify(request.header.get("authorization"));
  if (!token) throw new ConnectError("no valid token", Code.Unauthenticated);
  request.contextValues.set(user, token.name);
  return next(request);
};

const endWithToken: Interceptor = (next) => async (request) => {
  const token = verify(request.header.get("authorization"));
  const response = await next(request);
  if (!token || !response.stream) return response;
  return { ...response, message: untilExpired(response.message, token.expired) };
};

async function* untilExpired<T>(messages: AsyncIterable<T>, expired: AbortSignal) {
  yield* takeUntil(messages, expired);
  if (!expired.aborted) return;
  const info = { reason: "TOKEN_EXPIRED", domain: "example.com" };
  throw new ConnectError("the token has expired", Code.Unauthenticated, undefined, [
    { desc: ErrorInfoSchema, value: info },
  ]);
}

let token: string | undefined;
const withToken: Interceptor = (next) => async (request) => {
  token ??= issue("ada"); // or await a call of your identity provider
  request.header.set("authorization", `Bearer ${token}`);
  return next(request);
};

async function start(interceptors: Interceptor[], monitor: Partial<MonitorServiceHandler>) {
  const server = await serve({
    routes: (router) => registerMonitorService(router, monitor),
    interceptors,
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const transport = createStreamTransport({
    baseUrl: server.url,
    protocol: "grpc",
    interceptors: [withToken],
  });
  return { url: server.url, client: createMonitorServiceClient(transport) };
}

it("knows who calls", async () => {
  const { url, client } = await start([authenticate], {
    read: (_request, { values }) => ({ cpu: values.get(user).length }),
  });
  expect(await client.read({})).toMatchObject({ cpu: "ada".length });
  const nobody = createMonitorServiceClient(
    createStreamTransport({ baseUrl: url, protocol: "grpc" }),
  );
  expect((await failure(nobody.read({}))).code).toBe(Code.Unauthenticated);
});

it("ends a stream whose token expires, and goes on with a new one", async () => {
  let calls = 0;
  const { client } = await start([authenticate, endWithToken], {
    async watch(_request, stream) {
      await stream.send({ cpu: ++calls });
      await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
    },
  });
  const stream = resumable(client.watch, {
    request: { interval: 1 },
    next: (_, request) => request,
    resumableCodes: [Code.Unavailable, Code.Unauthenticated],
    initialBackoffMs: 1,
    onInterrupt({ error }) {
      if (error.code !== Code.Unauthenticated) return;
      if (findErrorInfo(error)?.reason !== "TOKEN_EXPIRED") throw error;
      token = undefined; // the next call asks for a new one
    },
  });
  onTestFinished(() => stream.close());
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
  expireAll();
  expect(await stream.recv()).toMatchObject({ cpu: 2 });
});

it("gives up where the token is wrong", async () => {
  const { client } = await start([authenticate], {});
  token = "wrong";
  const stream = resumable(client.watch, {
    request: { interval: 1 },
    next: (_, request) => request,
    resumableCodes: [Code.Unauthenticated],
    onInterrupt({ error }) {
      if (findErrorInfo(error)?.reason !== "TOKEN_EXPIRED") throw error;
    },
  });
  expect((await failure(stream.recv())).rawMessage).toBe("no valid token");
  token = undefined;
});

const key = readFileSync(keyFile);
const cert = readFileSync(certFile);
const clientAuthority = cert;

const peer = createContextKey("nobody");

function peerName({ socket }: NodeRequest): string {
  if (!(socket instanceof TLSSocket)) return "nobody";
  return String(socket.getPeerCertificate().subject.CN);
}

it.each(["2", "1.1"] as const)("asks clients for certificates, HTTP/%s", async (httpVersion) => {
  const server = await serve({
    routes: (router) =>
      registerMonitorService(router, {
        read: (_request, { values }) => ({ cpu: values.get(peer).length }),
      }),
    host: "localhost",
    tls: { key, cert, ca: clientAuthority, requestCert: true, rejectUnauthorized: true },
    contextValues: (request) => createContextValues().set(peer, peerName(request)),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const shared = { baseUrl: server.url, protocol: "connect", httpVersion } as const;
  const transport = createStreamTransport({
    ...shared,
    nodeOptions: { ca: cert, key, cert },
  });
  expect(await createMonitorServiceClient(transport).read({})).toMatchObject({
    cpu: "localhost".length,
  });
  const without = createStreamTransport({ ...shared, nodeOptions: { ca: cert } });
  expect((await failure(createMonitorServiceClient(without).read({}))).code).toBe(Code.Unavailable);
});
