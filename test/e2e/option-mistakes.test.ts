// SPDX-License-Identifier: Apache-2.0
// Mistakes in what serve(), streamNodeAdapter() and createStreamTransport() are given: each has an error that says so.
import type { ConnectRouter } from "@connectrpc/connect";
import {
  createStreamTransport,
  type ServeOptions,
  type StreamTransportOptions,
  serve,
  streamNodeAdapter,
} from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { certFile, keyFile, selfSigned } from "../support/tls.js";

const routes = (router: ConnectRouter) => void registerLabService(router, {});

async function errorOf(run: () => unknown): Promise<Error & { code?: string }> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("expected an error");
}

const transport: StreamTransportOptions = { baseUrl: "http://localhost:1", protocol: "connect" };

/** Options that TypeScript refuses, and JavaScript does not. */
const makers: Readonly<Record<string, (options: object) => unknown>> = {
  serve: (options) => serve({ routes, ...options }),
  streamNodeAdapter: (options) => streamNodeAdapter({ routes, ...options }),
  createStreamTransport: (options) => createStreamTransport({ ...transport, ...options }),
};

describe.each([
  ["serve", "hostname", "host"],
  ["serve", "Host", "host"],
  ["serve", "maxConcurentStreams", "maxConcurrentStreams"],
  ["serve", "keepalive", "keepAlive"],
  ["serve", "idleTimeout", "idleTimeoutMs"],
  ["serve", "readMaxByte", "readMaxBytes"],
  ["serve", "route", "routes"],
  ["streamNodeAdapter", "contextValue", "contextValues"],
  ["streamNodeAdapter", "maxReadBytes", "readMaxBytes"],
  ["createStreamTransport", "baseURL", "baseUrl"],
  ["createStreamTransport", "interceptor", "interceptors"],
  ["createStreamTransport", "pingInterval", "pingIntervalMs"],
])("%s with %s", (owner, name, meant) => {
  const make = makers[owner] ?? expect.unreachable();

  it(`is asked whether ${meant} is meant`, async () => {
    const error = await errorOf(() => make({ [name]: 1 }));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toBe(`${owner} has no option ${name}: did you mean ${meant}?`);
  });
});

it.each(Object.entries(makers))("%s lists its options where none is near", async (owner, make) => {
  const error = await errorOf(() => make({ xyzzy: 1 }));
  expect(error).toBeInstanceOf(RangeError);
  expect(error.message).toMatch(`${owner} has no option xyzzy: it has `);
  expect(error.message).toContain("readMaxBytes");
});

it("the adapter has none of the options of serve()", async () => {
  const error = await errorOf(() => makers.streamNodeAdapter?.({ idleTimeoutMs: 1 }));
  expect(error.message).toMatch(/^streamNodeAdapter has no option idleTimeoutMs/);
});

it.each([
  ["serve", { grpc: "yes" }, 'grpc must be true or false, not "yes"'],
  ["serve", { contextValues: {} }, "contextValues must be a function, not an object"],
  ["streamNodeAdapter", { fallback: 404 }, "fallback must be a function, not 404"],
  ["createStreamTransport", { useHttpGet: 1 }, "useHttpGet must be true or false, not 1"],
])("%s refuses %j", async (owner, options, message) => {
  expect((await errorOf(() => makers[owner]?.(options))).message).toBe(message);
});

it("an option that is undefined was not given, whatever its name", async () => {
  for (const make of Object.values(makers)) {
    const server = await make({ hostname: undefined });
    if (server && typeof server === "object" && "close" in server) {
      await (server as Awaited<ReturnType<typeof serve>>).close();
    }
  }
});

it("options of newer versions of Connect are known", () => {
  streamNodeAdapter({ routes, ...{ requestGate: () => undefined } });
  createStreamTransport({ ...transport, ...{ connectTimeoutMs: 1000 } });
});

describe("a file's path where its content belongs", () => {
  const key = selfSigned.key;
  const cert = selfSigned.cert;
  const mistakes: [string, ServeOptions["tls"] & object, string][] = [
    ["key", { key: keyFile, cert }, keyFile],
    ["cert", { key, cert: "./cert.pem" }, "./cert.pem"],
    ["cert", { key, cert: [cert, "server.crt"] }, "server.crt"],
    ["key", { key: [{ pem: "/etc/tls/key" }], cert }, "/etc/tls/key"],
    ["ca", { key, cert, ca: "..\\ca.pem" }, "..\\ca.pem"],
    ["pfx", { pfx: "~/server.p12" }, "~/server.p12"],
  ];

  it.each(mistakes)("tls.%s of serve()", async (name, tls, path) => {
    const error = await errorOf(() => serve({ routes, tls }));
    expect(error).toBeInstanceOf(RangeError);
    const text = JSON.stringify(path);
    expect(error.message).toBe(
      `tls.${name} must be the content of a file, not its path: use readFileSync(${text})`,
    );
  });

  it.each(["1.1", "2"] as const)("nodeOptions.ca of a transport, HTTP/%s", async (httpVersion) => {
    const error = await errorOf(() =>
      makers.createStreamTransport?.({ httpVersion, nodeOptions: { ca: certFile } }),
    );
    expect(error.message).toMatch(/^nodeOptions\.ca must be the content of a file/);
  });

  it("text that may be a key is not shown", async () => {
    const text = key.toString().replaceAll(/-----.*-----|\n/g, "");
    const error = await errorOf(() => serve({ routes, tls: { key: text, cert } }));
    expect(error.message).not.toContain(text.slice(0, 10));
  });

  it("content is taken, as text too", async () => {
    const tls = { key: key.toString(), cert: [cert.toString()], ca: cert };
    await (await serve({ routes, tls })).close();
  });
});

describe("a server that cannot listen", () => {
  it.each(["127.0.0.1", "localhost", "::1"])("on a port in use of %s", async (host) => {
    const first = await serve({ routes, host });
    const { port } = first;
    const error = await errorOf(() => serve({ routes, host, port }));
    expect(error).toMatchObject({ code: "EADDRINUSE", syscall: "listen", port });
    const at = host === "::1" ? `[::1]:${port}` : `${host}:${port}`;
    expect(error.message).toBe(
      `serve cannot listen on ${at}: the port is in use: stop what listens there, choose another port, or 0 for any free one`,
    );
    await first.close();
  });

  it("on an address of another machine", async () => {
    const error = await errorOf(() => serve({ routes, host: "192.0.2.1" }));
    expect(error).toMatchObject({ code: "EADDRNOTAVAIL" });
    expect(error.message).toMatch(/cannot listen on 192\.0\.2\.1:0: .* choose one that it has/);
  });

  it("over TLS, and may try again", async () => {
    const first = await serve({ routes, tls: selfSigned });
    const again = () => serve({ routes, tls: selfSigned, port: first.port });
    expect(await errorOf(again)).toMatchObject({ code: "EADDRINUSE" });
    await first.close();
    await (await again()).close();
  });
});
