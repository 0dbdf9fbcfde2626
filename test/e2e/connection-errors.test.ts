// SPDX-License-Identifier: Apache-2.0
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { Code, type ConnectError } from "@connectrpc/connect";
import type { RetryPolicy } from "connect-stream";
import { createStreamTransport, serve, streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { isConnect } from "../support/connect-version.js";
import { failure } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, serveLab, startLab } from "../support/lab.js";
import { selfSigned } from "../support/tls.js";
import { connectOn1, connectOn2, grpcOn2, type Wire } from "../support/wires.js";

const kinds = ["unary", "download"] as const;
type Kind = (typeof kinds)[number];

interface Ask {
  readonly headers?: HeadersInit;
  readonly retry?: RetryPolicy | false;
}

/** The failure of a call of each kind. */
function fail(url: string, wire: Wire, kind: Kind, options: Ask = {}): Promise<ConnectError> {
  return failer(url, wire, kind)(options);
}

/** The same, again and again on one transport. */
function failer(url: string, { protocol, http }: Wire, kind: Kind) {
  const transport = createStreamTransport({
    baseUrl: url,
    ...(http === "2" ? { protocol, httpVersion: "2" } : { protocol, httpVersion: "1.1" }),
  });
  const client = createLabServiceClient(transport);
  return ({ headers, retry = false }: Ask): Promise<ConnectError> => {
    const init = { retry, ...(headers && { headers }) };
    return failure(kind === "unary" ? client.unary({}, init) : client.download({}, init).recv());
  };
}

function expectUnreachable(error: ConnectError, url: string, advice: string): void {
  expect(error.code).toBe(Code.Unavailable);
  expect(error.rawMessage).toContain(url);
  expect(error.rawMessage).toContain(advice);
  expect(error.rawMessage).not.toMatch(/[\r\n]|[0-9A-F]{8}|:error:/);
}

/** A server that does `use` with each connection, and nothing else. */
async function withSockets(use: (socket: Socket) => void, run: (url: string) => Promise<void>) {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    use(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
  }
}

const routes = (router: Parameters<typeof registerLabService>[0]) => {
  registerLabService(router, {});
};

describe.each(kinds)("%s", (kind) => {
  it.each([connectOn1, connectOn2, grpcOn2])("$name: nothing listens", async (wire) => {
    const lab = await startLab({});
    await lab[Symbol.asyncDispose]();
    expectUnreachable(await fail(lab.url, wire, kind), lab.url, "nothing listens there");
  });

  it.each([connectOn1, connectOn2])("$name: https to a server without TLS", async (wire) => {
    const server = await serve({ routes });
    const url = server.url.replace("http:", "https:");
    expectUnreachable(await fail(url, wire, kind), url, "use http://");
    await server.close();
  });

  it.each([connectOn1, connectOn2])("$name: a certificate without an authority", async (wire) => {
    const server = await serve({ routes, tls: selfSigned });
    expectUnreachable(await fail(server.url, wire, kind), server.url, "nodeOptions.ca");
    await server.close();
  });

  it.each([
    [connectOn2, "1.1", 'httpVersion: "1.1"'],
    [connectOn1, "2", 'httpVersion: "2"'],
  ] as const)("$name on a server of another version", async (wire, version, advice) => {
    await using lab = await serveLab(streamNodeAdapter({ routes }), version);
    expectUnreachable(await fail(lab.url, wire, kind), lab.url, advice);
  });

  it.each([connectOn1, connectOn2])("$name: a server that closes connections", async (wire) => {
    await withSockets(
      (socket) => socket.destroy(),
      async (url) => {
        expectUnreachable(await fail(url, wire, kind), url, "was lost");
      },
    );
  });

  it.runIf(isConnect("2.3"))("a server that never answers the TLS handshake", async () => {
    await withSockets(
      (socket) => socket.resume(),
      async (url) => {
        const baseUrl = url.replace("http:", "https:");
        const options = { baseUrl, protocol: "grpc", connectTimeoutMs: 50 } as const;
        const client = createLabServiceClient(createStreamTransport(options));
        const call = kind === "unary" ? client.unary({}) : client.download({}).recv();
        expectUnreachable(await failure(call), baseUrl, "connectTimeoutMs");
      },
    );
  });

  it.each([connectOn1, connectOn2])("$name: a service that is not there", async (wire) => {
    await using lab: Lab = await serveLab(streamNodeAdapter({ routes }), wire.http);
    const error = await fail(`${lab.url}/prefix`, wire, kind);
    expect(error.code).toBe(Code.Unimplemented);
    expect(error.rawMessage).toContain("HTTP 404");
    expect(error.rawMessage).toContain(`${lab.url}/prefix/lab.v1.LabService/`);
    expect(error.rawMessage).toContain("is lab.v1.LabService served there?");
  });

  it("the server refuses headers that are too large", async () => {
    const server = await serve({ routes, maxHeaderBytes: 2048 });
    const again = failer(server.url, grpcOn2, kind);
    // The client learns the limit with the first answer.
    expect((await again({})).code).toBe(Code.Unimplemented);
    const error = await again({ headers: { "x-a": "a".repeat(50_000) } });
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toContain(server.url);
    expect(error.rawMessage).not.toMatch(/0x|NGHTTP2/);
    await server.close();
  });

  it("headers that this client cannot send are no matter of the server's", async () => {
    await using lab = await startLab({});
    const retry = { maxAttempts: 3, retryableCodes: [Code.ResourceExhausted, Code.Unavailable] };
    const headers = { "x-a": "a".repeat(100_000) };
    const error = await fail(lab.url, grpcOn2, kind, { headers, retry });
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toMatch(/headers have 100\d\d\d bytes.* 65536/);
    expect(lab.served).toBe(0);
  });

  it.each([connectOn1, connectOn2])("$name: a header that HTTP does not allow", async (wire) => {
    await using lab = await serveLab(streamNodeAdapter({ routes }), wire.http);
    const retry = { maxAttempts: 3, retryableCodes: [Code.Internal, Code.Unavailable] };
    const error = await fail(lab.url, wire, kind, { headers: { "x-a": "a\x01b" }, retry });
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain('"x-a"');
    expect(lab.served).toBe(0);
  });
});

/** The failure of a call whose connection ends as `end` does, before the server has sent anything. */
async function failOn(end: (socket: Duplex) => void, scheme: "http" | "https", options = {}) {
  const createConnection = () => {
    const socket = new Duplex({ read: () => undefined, write: (_, __, done) => done() });
    process.nextTick(end, socket);
    return socket;
  };
  const baseUrl = `${scheme}://localhost`;
  const nodeOptions = { ...options, createConnection };
  const transport = createStreamTransport({ baseUrl, protocol: "grpc", nodeOptions });
  return failure(createLabServiceClient(transport).unary({}));
}

/** As TLS tells it: the alert, and in the same turn the end. */
const alert = (name: string) => (socket: Duplex) => {
  const text = `error:SSL routines:ssl3_read_bytes:tlsv1 ${name.replaceAll("_", " ").toLowerCase()}:ssl`;
  socket.emit("error", Object.assign(new Error(text), { code: `ERR_SSL_${name}` }));
  socket.emit("end");
};

describe("a server that sends nothing", () => {
  it.each([
    ["TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a certificate of the client"],
    ["TLSV1_ALERT_UNKNOWN_CA", "rejects the client's certificate"],
    ["SSLV3_ALERT_HANDSHAKE_FAILURE", "the TLS handshake failed"],
  ])("says %s", async (name, advice) => {
    expectUnreachable(await failOn(alert(name), "https"), "https://localhost", advice);
  });

  it("may speak TLS, or reject a certificate", async () => {
    const end = (socket: Duplex) => socket.push(null);
    expectUnreachable(await failOn(end, "http"), "http://localhost", "use https://");
    const { cert } = selfSigned;
    const rejected = await failOn(end, "https", { cert });
    expectUnreachable(rejected, "https://localhost", "may reject the client's certificate");
  });
});
