// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:http2";
import { gzipSync } from "node:zlib";
import { Code, type ConnectError } from "@connectrpc/connect";
import { streamNodeAdapter } from "connect-stream/node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { generatedClient } from "../support/clients/generated.js";
import { all } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import type { LabServiceHandler } from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
import { envelope, noteEnvelope, rawHttp1, rawHttp2, statusOf } from "../support/raw.js";
import { connectOn1, connectOn2 } from "../support/wires.js";

const UPLOAD = "/lab.v1.LabService/Upload";
const DOWNLOAD = "/lab.v1.LabService/Download";
const UNARY = "/lab.v1.LabService/Unary";
const types = [
  ["gRPC", "application/grpc"],
  ["gRPC-Web", "application/grpc-web+proto"],
  ["Connect", "application/connect+proto"],
] as const;

let received = 0;
let failures: ConnectError[] = [];

const handler: Partial<LabServiceHandler> = {
  unary: async ({ text }) => ({ text }),
  async download({ text }, stream) {
    await stream.send({ text });
  },
  async upload(stream) {
    try {
      for await (const _ of stream) received++;
    } catch (error) {
      failures.push(error as ConnectError);
      throw error;
    }
    await stream.sendAndClose({ number: BigInt(received) });
  },
};

let lab: Lab;
let lab1: Lab;

beforeAll(async () => {
  lab = await startLab(handler, { http: "2", adapter: { readMaxBytes: 1024 * 1024 } });
  lab1 = await startLab(handler, { http: "1.1", adapter: { readMaxBytes: 1024 * 1024 } });
});

beforeEach(() => {
  received = 0;
  failures = [];
  return async () => {
    // It still serves, and nothing of the bad request is left.
    await Promise.all([lab.idle(), lab1.idle()]);
    for (const [url, wire] of [
      [lab.url, connectOn2],
      [lab1.url, connectOn1],
    ] as const) {
      const client = generatedClient(ourTransport(url, wire));
      expect((await all(client.download({ text: "alive" })))[0]?.text).toBe("alive");
    }
  };
});

afterAll(async () => {
  await lab[Symbol.asyncDispose]();
  await lab1[Symbol.asyncDispose]();
});

describe.each(types)("%s over HTTP/2", (name, contentType) => {
  const headers = { ":path": UPLOAD, "content-type": contentType };
  const upload = (...chunks: Uint8Array[]) => rawHttp2(lab.url, headers, chunks);

  it("a message cut into frames of one byte is one", async () => {
    const bytes = Buffer.concat([noteEnvelope(bulk(300)), noteEnvelope()]);
    const response = await upload(...Array.from(bytes, (byte) => Uint8Array.of(byte)));
    expect(response.status).toBe(200);
    expect(statusOf(response)).toBe("");
    expect(received).toBe(2);
  });

  it("an empty message, and none", async () => {
    expect(statusOf(await upload(envelope(new Uint8Array(0))))).toBe("");
    expect(received).toBe(1);
    expect(statusOf(await upload())).toBe("");
    expect(received).toBe(1);
  });

  it("garbage for a message is an invalid argument", async () => {
    const response = await upload(noteEnvelope(), envelope(Buffer.from([0xff, 0xff, 0xff, 0xff])));
    expect(response.status).toBe(200);
    expect(statusOf(response)).toBe("invalid_argument");
    expect(received).toBe(1);
    expect(failures.map(({ code }) => code)).toEqual([Code.InvalidArgument]);
  });

  it("garbage for an envelope is refused", async () => {
    const response = await upload(Buffer.from("this is not an envelope at all"));
    expect(response.status).toBe(200);
    expect(["resource_exhausted", "invalid_argument", "internal"]).toContain(statusOf(response));
    expect(received).toBe(0);
  });

  it.each([
    ["a header", Buffer.from([0, 0, 0])],
    ["a message", noteEnvelope().subarray(0, 8)],
    ["a message after one", Buffer.concat([noteEnvelope(), noteEnvelope().subarray(0, 6)])],
  ])("%s that breaks off is an invalid argument, and no end", async (_, bytes) => {
    const response = await upload(bytes);
    expect(statusOf(response)).toBe("invalid_argument");
    expect(failures.map(({ code }) => code)).toEqual([Code.InvalidArgument]);
  });

  it("4 GiB announced are refused at once, and cost nothing", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const response = await rawHttp2(lab.url, headers, [envelope(Buffer.from("x"), 0, 0xffffffff)], {
      open: true,
    });
    expect(statusOf(response)).toBe("resource_exhausted");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  it("what is announced but does not come costs nothing", async () => {
    const before = process.memoryUsage().arrayBuffers;
    const announced = envelope(Buffer.from("x"), 0, 1024 * 1024);
    const responses = await Promise.all(Array.from({ length: 50 }, () => upload(announced)));
    expect(new Set(responses.map(statusOf))).toEqual(new Set(["invalid_argument"]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
  });

  it("a gzip bomb is refused", async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    const encoding = name === "Connect" ? "connect-content-encoding" : "grpc-encoding";
    const response = await rawHttp2(lab.url, { ...headers, [encoding]: "gzip" }, [
      envelope(bomb, 1),
    ]);
    expect(statusOf(response)).toBe("resource_exhausted");
    expect(failures.map(({ code }) => code)).toEqual([Code.ResourceExhausted]);
  });

  it("what is said to be gzip and is not is refused", async () => {
    const encoding = name === "Connect" ? "connect-content-encoding" : "grpc-encoding";
    const response = await rawHttp2(lab.url, { ...headers, [encoding]: "gzip" }, [
      envelope(Buffer.from("not gzip"), 1),
    ]);
    expect(["invalid_argument", "internal"]).toContain(statusOf(response));
    expect(received).toBe(0);
  });

  it("a compressed message without a compression is refused", async () => {
    const response = await upload(envelope(gzipSync("x"), 1));
    expect(["invalid_argument", "internal"]).toContain(statusOf(response));
    expect(received).toBe(0);
  });

  it("an unknown compression is unimplemented", async () => {
    const encoding = name === "Connect" ? "connect-content-encoding" : "grpc-encoding";
    const response = await rawHttp2(lab.url, { ...headers, [encoding]: "zip" }, [noteEnvelope()]);
    expect(statusOf(response)).toBe("unimplemented");
  });

  it("a client cannot end its stream with a response's last envelope", async () => {
    const flag = name === "Connect" ? 2 : 0x80;
    const response = await upload(noteEnvelope(), envelope(Buffer.from("{}"), flag));
    if (name === "gRPC") return;
    expect(statusOf(response)).toBe("invalid_argument");
  });

  const timeout = (value: string) =>
    name === "Connect" ? { "connect-timeout-ms": value } : { "grpc-timeout": value };

  it("no time at all is a deadline that has passed", async () => {
    const header = timeout(name === "Connect" ? "0" : "0m");
    const response = await rawHttp2(lab.url, { ...headers, ...header }, [noteEnvelope()], {
      open: true,
    });
    expect(statusOf(response)).toBe("deadline_exceeded");
  });

  it.each(["99999999H", "9999999999", "2147483648m", "2147483647"])(
    "a deadline of %s does not end a call today",
    async (value) => {
      const unit = /[A-Z]$/i.test(value);
      if (unit === (name === "Connect")) return;
      for (const path of [UPLOAD, DOWNLOAD]) {
        const response = await rawHttp2(lab.url, { ...headers, ":path": path, ...timeout(value) }, [
          noteEnvelope(),
        ]);
        const invalid = value === "2147483648m";
        expect(statusOf(response)).toBe(invalid ? "invalid_argument" : "");
      }
    },
  );

  it.each(["soon", "-1", "1e9", "99999999999999999999", "1.5S", "H"])(
    "a deadline of %s is an invalid argument",
    async (value) => {
      const response = await rawHttp2(lab.url, { ...headers, ...timeout(value) }, [noteEnvelope()]);
      expect(statusOf(response)).toBe("invalid_argument");
    },
  );

  it.each([
    ["no message", []],
    ["two messages", [noteEnvelope(), noteEnvelope()]],
  ])("a download asked for with %s is refused", async (_, chunks) => {
    const response = await rawHttp2(lab.url, { ...headers, ":path": DOWNLOAD }, chunks);
    expect(["unimplemented", "invalid_argument"]).toContain(statusOf(response));
  });
});

describe.each([UPLOAD, UNARY])("%s", (path) => {
  it.each(["text/plain", "application/soap+xml", "", "application/grpc+", "a".repeat(5000)])(
    "content type %j is 415",
    async (contentType) => {
      const response = await rawHttp2(lab.url, { ":path": path, "content-type": contentType }, [
        noteEnvelope(),
      ]);
      expect(response.status).toBe(415);
      const answer = await rawHttp1(
        lab1.port,
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${contentType}\r\n`,
        "Connection: close\r\nContent-Length: 0\r\n\r\n",
      );
      expect(answer).toMatch(/^HTTP\/1.1 415/);
    },
  );

  it.each(["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])("method %s is refused", async (method) => {
    const response = await rawHttp2(
      lab.url,
      { ":method": method, ":path": path, "content-type": "application/grpc" },
      [],
    );
    expect([405, 415]).toContain(response.status);
    const answer = await rawHttp1(
      lab1.port,
      `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/grpc\r\n`,
      "Connection: close\r\nContent-Length: 0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 4(05|15)/);
  });

  it.each([
    "",
    "a b",
    "http://evil/",
    "user@host",
    "[::1",
    "host:99999",
    "a/b",
    "a?b",
    "a#b",
    "\\",
  ])("host %j is refused", async (host) => {
    const answer = await rawHttp1(
      lab1.port,
      `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/grpc\r\n`,
      "Connection: close\r\nContent-Length: 0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    if (host === "" || host.includes(" ")) return;
    const response = await rawHttp2(
      lab.url,
      { ":authority": host, ":path": path, "content-type": "application/grpc" },
      [noteEnvelope()],
    );
    // What is no header at all, Node answers with a reset.
    if (response.rstCode === 0) expect(response.status).toBe(400);
  });

  it("no host at all is refused", async () => {
    const head = "Content-Type: application/grpc\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    expect(await rawHttp1(lab1.port, `POST ${path} HTTP/1.1\r\n${head}`)).toMatch(/^HTTP\/1.1 400/);
    expect(await rawHttp1(lab1.port, `POST ${path} HTTP/1.0\r\n${head}`)).toMatch(/^HTTP\/1.1 400/);
  });
});

describe("HTTP/1.1", () => {
  const head = (type: string, path = UPLOAD) =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nConnection: close\r\n`;
  const chunk = (bytes: Uint8Array) =>
    Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);

  it("a message cut into chunks of one byte is one", async () => {
    const chunks = Array.from(noteEnvelope(), (byte) => chunk(Uint8Array.of(byte)));
    const type = head("application/connect+proto");
    const answer = await rawHttp1(
      lab1.port,
      `${type}Transfer-Encoding: chunked\r\n\r\n`,
      ...chunks,
      "0\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 200/);
    expect(received).toBe(1);
  });

  it("a bidirectional call is told that it needs another version", async () => {
    const type = head("application/connect+proto", "/lab.v1.LabService/Chat");
    expect(await rawHttp1(lab1.port, `${type}Content-Length: 0\r\n\r\n`)).toMatch(/^HTTP\/1.1 505/);
  });

  it("garbage is refused", async () => {
    expect(await rawHttp1(lab1.port, "garbage\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
  });

  it("a body that breaks off is a lost client, and no end", async () => {
    const type = head("application/connect+proto");
    const cut = new Promise<void>((resolve) => {
      const check = () => (failures.length > 0 ? resolve() : setImmediate(check));
      check();
    });
    void rawHttp1(
      lab1.port,
      `${type}Transfer-Encoding: chunked\r\n\r\n`,
      chunk(noteEnvelope()),
      "not a chunk",
    );
    await cut;
    expect(received).toBe(1);
    expect(failures.map(({ code }) => code)).toEqual([Code.Canceled]);
  });

  it.each(["gRPC-Web", "Connect"])("%s: 4 GiB announced are refused at once", async (name) => {
    const type = head(name === "Connect" ? "application/connect+proto" : "application/grpc-web");
    const answer = await rawHttp1(
      lab1.port,
      `${type}Content-Length: 6\r\n\r\n`,
      envelope(Buffer.from("x"), 0, 0xffffffff),
    );
    expect(answer).toMatch(/resource_exhausted|grpc-status: ?8/i);
  });
});

describe("a stream of HTTP/2 that is closed, and not yet destroyed, when its request is told", () => {
  it.each([UPLOAD, DOWNLOAD, UNARY, "/none"])("%s costs nothing but itself", async (path) => {
    await using closing = await startLab(handler, {
      listener(options) {
        const listener = streamNodeAdapter(options);
        return (request, response) => {
          if ("stream" in response) response.stream.close(constants.NGHTTP2_NO_ERROR);
          listener(request, response);
        };
      },
    });
    for (const type of ["application/grpc", "application/connect+proto", "text/html"]) {
      const headers = { ":path": path, "content-type": type };
      expect((await rawHttp2(closing.url, headers, [noteEnvelope()])).status).toBeUndefined();
      await closing.idle();
    }
  });
});

describe("many at once", () => {
  it("a thousand slow and broken uploads are all told apart", async () => {
    const before = process.memoryUsage().arrayBuffers;
    for (let round = 0; round < 10; round++) {
      const responses = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          rawHttp2(
            lab.url,
            { ":path": UPLOAD, "content-type": "application/grpc" },
            i % 2 ? [noteEnvelope()] : [noteEnvelope().subarray(0, i % 12)],
          ),
        ),
      );
      responses.forEach((response, i) => {
        const whole = i % 2 === 1 || i % 12 === 0;
        expect(statusOf(response)).toBe(whole ? "" : "invalid_argument");
      });
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});
