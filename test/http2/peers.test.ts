// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  ErrorCode,
  HeaderList,
  type Http2Stream,
  noEvents,
  type StreamFailure,
} from "../../runtime/src/http2/index.js";
import { Echo, echoEvents } from "./support/echo.js";
import { dial, listen, noConnectionEvents } from "./support/net-host.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function pattern(bytes: number, seed: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: bytes }, (_, i) => (i * 31 + seed * 7) & 255));
}

function request(method: string): HeaderList {
  return HeaderList.of([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", method],
    [":authority", "127.0.0.1"],
    ["te", "trailers"],
  ]);
}

async function nodeServer(
  onStream: (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void,
) {
  const server = http2.createServer();
  server.on("stream", onStream);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

interface Answer {
  headers: HeaderList | undefined;
  body: Buffer;
  trailers: HeaderList | undefined;
  failure: StreamFailure | undefined;
}

/** Calls with a body in pieces, and waits for the end of the answer. */
function call(
  connection: ReturnType<typeof dial>["connection"],
  path: string,
  pieces: Buffer[],
): Promise<Answer> {
  return new Promise((resolve) => {
    const body: Buffer[] = [];
    const answer: Answer = {
      headers: undefined,
      body: Buffer.alloc(0),
      trailers: undefined,
      failure: undefined,
    };
    const left = [...pieces];
    const send = (stream: Http2Stream) => {
      for (let piece = left.shift(); piece; piece = left.shift()) if (!stream.write(piece)) return;
      stream.end();
    };
    const stream: Http2Stream = connection.request(request(path), {
      ...noEvents,
      onHeaders(headers) {
        answer.headers = headers;
      },
      onData: (bytes, start, end) => body.push(Buffer.from(bytes.subarray(start, end))),
      onDrain: () => send(stream),
      onEnd(trailers) {
        resolve({ ...answer, trailers, body: Buffer.concat(body) });
      },
      onFail: (failure) => resolve({ ...answer, failure }),
    });
    send(stream);
  });
}

function client(port: number) {
  const dialed = dial(port);
  cleanups.push(() => dialed.socket.destroy());
  return dialed;
}

async function server(options = {}) {
  const listening = await listen(() => echoEvents, options);
  cleanups.push(() => listening.server.close());
  return listening;
}

function nodeClient(port: number, options?: http2.ClientSessionOptions) {
  const session = http2.connect(`http://127.0.0.1:${port}`, options);
  session.on("error", () => {});
  cleanups.push(() => session.destroy());
  return session;
}

describe("our client, Node's server", () => {
  it("makes calls with large bodies, many at once", async () => {
    const port = await nodeServer((stream) => {
      stream.respond({ ":status": 200, "x-a": "b" }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.pipe(stream);
    });
    const { connection } = client(port);
    const calls = Array.from({ length: 30 }, async (_, i) => {
      const pieces = [pattern(70_000, i), pattern(5, i), pattern(200_000, i + 1)];
      const { body, headers, trailers } = await call(connection, "/", pieces);
      expect(body.equals(Buffer.concat(pieces))).toBe(true);
      expect(headers?.get("x-a")).toBe("b");
      expect(trailers?.get("grpc-status")).toBe("0");
    });
    await Promise.all(calls);
  });

  it("hears resets and cancels", async () => {
    const cancelled: number[] = [];
    const closed = new Promise<void>((resolve) => {
      void nodeServer((stream, headers) => {
        stream.on("error", () => {});
        if (headers[":path"] === "/reset") return stream.close(ErrorCode.ENHANCE_YOUR_CALM);
        stream.respond();
        stream.on("close", () => {
          cancelled.push(stream.rstCode);
          resolve();
        });
      }).then(async (port) => {
        const { connection } = client(port);
        const answer = await call(connection, "/reset", []);
        expect(answer.failure).toMatchObject({ kind: "reset", code: ErrorCode.ENHANCE_YOUR_CALM });
        const stream: Http2Stream = connection.request(request("/"), {
          ...noEvents,
          onHeaders: () => stream.reset(ErrorCode.CANCEL),
        });
      });
    });
    await closed;
    expect(cancelled).toEqual([ErrorCode.CANCEL]);
  });

  it("hears GOAWAY, and what it leaves out", async () => {
    const port = await nodeServer((stream) => {
      stream.respond();
      stream.end("last");
      stream.session?.close();
    });
    const { connection } = client(port);
    const { body } = await call(connection, "/", []);
    expect(body.toString()).toBe("last");
    expect(connection.isOpen).toBe(false);
  });
});

describe("our server, Node's client", () => {
  it.each([
    [{}],
    [{ settings: { initialWindowSize: 100 } }],
    [{ settings: { headerTableSize: 0 } }],
  ])("answers calls with large bodies, many at once: %o", async (options) => {
    const { port } = await server();
    const session = nodeClient(port, options);
    const calls = Array.from({ length: 20 }, async (_, i) => {
      const body = pattern(1000 * i * i, i);
      const stream = session.request({ ":method": "POST", ":path": `/${i}` });
      const received: Buffer[] = [];
      stream.on("data", (chunk: Buffer) => received.push(chunk));
      const trailers = once(stream, "trailers");
      stream.end(body);
      const [{ "grpc-status": status }] = await trailers;
      if (!stream.readableEnded) await once(stream, "end");
      expect(Buffer.concat(received).equals(body)).toBe(true);
      expect(status).toBe("0");
    });
    await Promise.all(calls);
  });

  it("goes away gracefully", async () => {
    const { port, connections } = await server();
    const session = nodeClient(port);
    const stream = session.request({ ":method": "POST", ":path": "/" });
    stream.write("a");
    await once(stream, "response");
    for (const connection of connections) connection.shutdown();
    await once(session, "goaway");
    stream.end("b");
    const received: Buffer[] = [];
    for await (const chunk of stream) received.push(chunk);
    expect(Buffer.concat(received).toString()).toBe("ab");
    if (!session.closed) await once(session, "close");
  });

  it("tells a cancel from a half-close", async () => {
    const log: string[] = [];
    const told = new Promise<void>((resolve) => {
      void listen(() => ({
        ...noConnectionEvents,
        onRequest(stream) {
          stream.respond(HeaderList.of([[":status", "200"]]));
          stream.events = {
            ...noEvents,
            onEnd: () => log.push("end"),
            onFail: ({ kind, code }) => {
              log.push(`${kind} ${code}`);
              resolve();
            },
          };
        },
      })).then((listening) => {
        cleanups.push(() => listening.server.close());
        const session = nodeClient(listening.port);
        const abort = new AbortController();
        const stream = session.request({ ":method": "POST" }, { signal: abort.signal });
        stream.on("error", () => {});
        stream.on("response", () => abort.abort());
      });
    });
    await told;
    expect(log).toEqual([`reset ${ErrorCode.CANCEL}`]);
  });
});

describe("our server, grpc-js", () => {
  /** Messages as they are: one byte string each. */
  const codec = {
    requestSerialize: (value: Buffer) => value,
    requestDeserialize: (value: Buffer) => value,
    responseSerialize: (value: Buffer) => value,
    responseDeserialize: (value: Buffer) => value,
  };
  const Service = grpc.makeGenericClientConstructor(
    {
      call: { ...codec, path: "/test.v1.Test/Call", requestStream: false, responseStream: false },
      chat: { ...codec, path: "/test.v1.Test/Chat", requestStream: true, responseStream: true },
    },
    "test.v1.Test",
  );

  it("answers unary calls and streams", async () => {
    const listening = await listen(() => ({
      ...noConnectionEvents,
      onRequest(stream) {
        stream.events = new Echo(stream);
      },
    }));
    cleanups.push(() => listening.server.close());
    const stub = new Service(`127.0.0.1:${listening.port}`, grpc.credentials.createInsecure());
    cleanups.push(() => stub.close());
    const calls = Array.from({ length: 200 }, (_, i) => {
      const message = pattern(10 * i, i);
      return new Promise<void>((resolve, reject) => {
        stub.call?.(message, (error: Error | null, answer: Buffer) => {
          if (error) return reject(error);
          expect(answer.equals(message)).toBe(true);
          resolve();
        });
      });
    });
    await Promise.all(calls);
    const chat = stub.chat?.() as grpc.ClientDuplexStream<Buffer, Buffer>;
    for (let i = 0; i < 50; i++) chat.write(pattern(20_000, i));
    chat.end();
    let n = 0;
    for await (const message of chat) expect(message.equals(pattern(20_000, n++))).toBe(true);
    expect(n).toBe(50);
  });
});
