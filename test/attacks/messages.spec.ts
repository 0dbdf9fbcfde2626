// SPDX-License-Identifier: Apache-2.0
// Messages that become more than they are, or never whole.
import { once } from "node:events";
import * as http2 from "node:http2";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { envelope, rawHttp2, statusOf } from "../support/raw.js";
import { Victim } from "./victim.js";

const MIB = 1024 * 1024;

let victim: Victim;

beforeAll(async () => {
  victim = await Victim.start();
});

afterAll(() => victim[Symbol.asyncDispose]());

describe("amplification", () => {
  /** Two million empty messages in a message, in 4 KB. */
  const elements = gzipSync(Buffer.alloc(4_000_000, Buffer.from([0x22, 0])));
  /** 256 MiB of zeros, in 256 KiB. */
  const zeros = gzipSync(Buffer.alloc(256 * MIB));

  const bodies: [what: string, path: string, headers: Record<string, string>, body: Buffer][] = [
    [
      "elements, unary",
      "Unary",
      { "content-type": "application/proto", "content-encoding": "gzip" },
      elements,
    ],
    [
      "elements, gRPC",
      "Unary",
      { "content-type": "application/grpc", "grpc-encoding": "gzip", te: "trailers" },
      envelope(elements, 1),
    ],
    [
      "elements, stream",
      "Upload",
      { "content-type": "application/connect+proto", "connect-content-encoding": "gzip" },
      envelope(elements, 1),
    ],
    [
      "bytes, unary",
      "Unary",
      { "content-type": "application/proto", "content-encoding": "gzip" },
      zeros,
    ],
    [
      "bytes, gRPC",
      "Unary",
      { "content-type": "application/grpc", "grpc-encoding": "gzip", te: "trailers" },
      envelope(zeros, 1),
    ],
  ];

  it.each(bodies)("of %s: resource_exhausted", async (_, rpc, headers, body) => {
    await victim.survive(async () => {
      for (let i = 0; i < 10; i++) {
        const head = { ":path": `/lab.v1.LabService/${rpc}`, ...headers };
        const answer = await rawHttp2(victim.url, head, [body]);
        expect(statusOf(answer)).toBe("resource_exhausted");
      }
    });
  });
});

describe("messages that never become whole", () => {
  it("1 KiB pieces of 20 messages at once hold their bytes", async () => {
    const sessions = 20;
    const pieces = 1024;
    await victim.survive(async () => {
      const before = await victim.stats();
      const session = http2.connect(victim.url);
      session.on("error", () => undefined);
      try {
        await once(session, "connect");
        const streams = Array.from({ length: sessions }, () => {
          const path = "/lab.v1.LabService/Upload";
          const stream = session.request({
            ":method": "POST",
            ":path": path,
            "content-type": "application/grpc",
            te: "trailers",
          });
          stream.on("error", () => undefined);
          stream.write(envelope(Buffer.alloc(0), 0, 4 * MIB - 1));
          return stream;
        });
        const piece = Buffer.alloc(1024);
        for (let i = 0; i < pieces; i++) {
          const sent = streams.map(
            (stream) => new Promise((resolve) => stream.write(piece, resolve)),
          );
          await Promise.all(sent);
        }
        const { heapBytes, running } = await victim.stats();
        expect(running).toBeGreaterThanOrEqual(sessions);
        expect(heapBytes - before.heapBytes).toBeLessThan(sessions * pieces * 1024 * 3);
      } finally {
        session.destroy();
      }
    });
  });
});
