// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CLIENT_PREFACE, FrameType } from "../../runtime/src/http2/frames/frame-types.js";
import {
  ErrorCode,
  type Http2Options,
  type ServerConnection,
} from "../../runtime/src/http2/index.js";
import {
  concat,
  type Frame,
  type FramePeer,
  frame,
  settings,
  settingsAck,
  uint32,
} from "./support/frames.js";
import { VirtualLoop } from "./support/memory-host.js";
import { Lone, makeServer, requestFields, responseHeaders } from "./support/pair.js";

/** @packageDocumentation What a client can do to a server: each has a bound, and ends the connection. */

const { ENHANCE_YOUR_CALM, PROTOCOL_ERROR, CANCEL, REFUSED_STREAM } = ErrorCode;

function greeted(options: Http2Options = {}): Lone<ServerConnection> {
  const loop = new VirtualLoop();
  const lone = new Lone(loop, makeServer(loop, options));
  lone.send(CLIENT_PREFACE, settings(), settingsAck);
  return lone;
}

function goaway(frames: readonly Frame[]): { code: number; debug: string } | undefined {
  const found = frames.find(({ type }) => type === FrameType.GOAWAY);
  if (!found) return undefined;
  const payload = Buffer.from(found.payload);
  return { code: payload.readUInt32BE(4), debug: payload.toString("latin1", 8) };
}

/** Sends until the connection ends. Returns how often, or `Infinity`. */
function until(
  lone: Lone<ServerConnection>,
  max: number,
  make: (i: number, peer: FramePeer) => Uint8Array,
): { times: number; code: number | undefined } {
  for (let i = 0; i < max; i++) {
    const end = goaway(lone.send(make(i, lone.peer)));
    if (end) return { times: i + 1, code: end.code };
  }
  return { times: Number.POSITIVE_INFINITY, code: undefined };
}

describe("ends a connection that has too many", () => {
  it("resets (CVE-2023-44487)", () => {
    const lone = greeted();
    const result = until(lone, 10_000, (i, peer) =>
      concat(peer.headers(2 * i + 1, requestFields), frame(3, 0, 2 * i + 1, uint32(CANCEL))),
    );
    expect(result).toEqual({ times: 1001, code: ENHANCE_YOUR_CALM });
  });

  it("resets of calls whose handlers go on: no more run than the limit", () => {
    const lone = greeted({ maxConcurrentStreams: 10 });
    lone.end.log.onCall = (_, recorder) => {
      recorder.autoRelease = false;
    };
    const result = until(lone, 10_000, (i, peer) =>
      concat(peer.headers(2 * i + 1, requestFields), frame(3, 0, 2 * i + 1, uint32(CANCEL))),
    );
    expect(lone.end.log.requests).toHaveLength(10);
    expect(result.code).toBe(ENHANCE_YOUR_CALM);
  });

  it("errors that make the server reset streams (CVE-2025-8671)", () => {
    const lone = greeted();
    lone.end.log.onCall = (_, recorder) => {
      recorder.autoRelease = false;
    };
    const result = until(lone, 10_000, (i, peer) =>
      concat(peer.headers(2 * i + 1, requestFields), frame(8, 0, 2 * i + 1, uint32(0))),
    );
    expect(result).toEqual({ times: 101, code: ENHANCE_YOUR_CALM });
  });

  it("malformed requests", () => {
    const result = until(greeted(), 10_000, (i, peer) => peer.headers(2 * i + 1, [["x-a", "1"]]));
    expect(result).toEqual({ times: 101, code: ENHANCE_YOUR_CALM });
  });

  const floods: [what: string, times: number, make: (i: number, peer: FramePeer) => Uint8Array][] =
    [
      ["SETTINGS (CVE-2019-9515)", 51, () => settings()],
      ["PING (CVE-2019-9512)", 4, () => frame(6, 0, 0, new Uint8Array(8))],
      [
        "empty DATA (CVE-2019-9518)",
        101,
        (i, p) => (i === 0 ? concat(p.headers(1, requestFields), frame(0, 0, 1)) : frame(0, 0, 1)),
      ],
      [
        "DATA of padding alone",
        102,
        (i, p) => (i === 0 ? p.headers(1, requestFields) : frame(0, 8, 1, [0])),
      ],
      [
        "empty CONTINUATION (CVE-2024-27316)",
        66,
        (i) => (i === 0 ? frame(1, 0, 1) : frame(9, 0, 1)),
      ],
      ["PRIORITY (CVE-2019-9513)", 1001, () => frame(2, 0, 1, [0, 0, 0, 3, 0])],
      ["unknown frames", 1001, () => frame(77, 0, 0)],
      ["WINDOW_UPDATE", 2001, (i) => frame(8, 0, 0, uint32(1 + (i % 2)))],
      [
        "header lists that are too large",
        201,
        (i, p) =>
          p.headers(
            2 * i + 1,
            Array.from({ length: 500 }, () => ["x-a", "b"]),
          ),
      ],
      ["streams beyond the limit", 2251, (i, p) => p.headers(2 * i + 1, requestFields)],
    ];

  it.each(floods)("%s", (_, times, make) => {
    const lone = greeted();
    const result = until(lone, 5000, make);
    expect(result.times).toBe(times);
    expect(result.code).toBe(ENHANCE_YOUR_CALM);
    expect(lone.end.log.violations.at(-1)?.message).toMatch(/too many|does not end|too_many/);
  });

  it("windows of a byte (CVE-2019-9511)", () => {
    const lone = greeted();
    lone.send(settings([4, 0]));
    lone.end.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.write(new Uint8Array(60_000));
    };
    lone.send(lone.peer.headers(1, requestFields));
    const result = until(lone, 5000, () => frame(8, 0, 1, uint32(1)));
    expect(result).toEqual({ times: 1001, code: ENHANCE_YOUR_CALM });
  });

  it("answers that are not read", () => {
    const loop = new VirtualLoop();
    const end = makeServer(loop, {}, 1);
    const { connection, log } = end;
    connection.receive(CLIENT_PREFACE);
    connection.receive(settings());
    loop.settle();
    for (let i = 0; i < 20_000 && !connection.closed; i++) {
      loop.advance(20_000);
      connection.receive(frame(6, 0, 0, new Uint8Array(8)));
    }
    expect(connection.closed).toBe(true);
    expect(connection.outbound.control.bytes.length).toBeLessThan(300_000);
    expect(log.closed).toBe(1);
  });

  it("bytes that are no preface", () => {
    const loop = new VirtualLoop();
    const lone = new Lone(loop, makeServer(loop));
    const end = goaway(lone.send(new TextEncoder().encode("GET / HTTP/1.1\r\n\r\n")));
    expect(end?.code).toBe(PROTOCOL_ERROR);
  });

  it("time for its preface", () => {
    const loop = new VirtualLoop();
    const lone = new Lone(loop, makeServer(loop));
    lone.send(CLIENT_PREFACE.slice(0, 10));
    loop.advance(10_001);
    expect(goaway(lone.received())?.code).toBe(PROTOCOL_ERROR);
    expect(lone.end.host.ended).toBe(true);
  });
});

describe("bounds", () => {
  it("lawful calls, cancelled a lot but not faster than they end, cost nothing", () => {
    const lone = greeted();
    lone.end.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.end();
      stream.release();
    };
    const result = until(lone, 5000, (i, peer) =>
      concat(
        peer.headers(4 * i + 1, requestFields, { endStream: true }),
        peer.headers(4 * i + 3, requestFields),
        frame(3, 0, 4 * i + 3, uint32(CANCEL)),
      ),
    );
    expect(result.times).toBe(Number.POSITIVE_INFINITY);
  });

  it("refuses a stream beyond the limit, and serves it when there is room", () => {
    const lone = greeted({ maxConcurrentStreams: 1 });
    lone.send(lone.peer.headers(1, requestFields));
    const [refused] = lone.send(lone.peer.headers(3, requestFields));
    expect(refused).toMatchObject({ type: FrameType.RST_STREAM, streamId: 3 });
    expect(Buffer.from(refused?.payload ?? []).readUInt32BE(0)).toBe(REFUSED_STREAM);
    // What was on its way for it is no error.
    expect(lone.send(frame(0, 1, 3, [1, 2, 3]))).toEqual([]);
    expect(lone.end.log.violations).toEqual([]);
  });

  it("leaves out what comes behind the last stream of its GOAWAY, data and all", () => {
    const lone = greeted();
    lone.send(lone.peer.headers(1, requestFields));
    lone.end.connection.shutdown();
    lone.loop.advance(1000);
    const last = lone.received().findLast(({ type }) => type === FrameType.GOAWAY);
    expect(Buffer.from(last?.payload ?? []).readUInt32BE(0)).toBe(1);
    const late = [
      lone.peer.headers(3, requestFields),
      frame(0, 0, 3, [1]),
      frame(8, 0, 3, uint32(1)),
    ];
    expect(lone.send(...late)).toEqual([]);
    expect(lone.end.log.violations).toEqual([]);
    expect(lone.end.log.requests).toHaveLength(1);
  });

  it("refuses headers that are too large, and the connection lives", () => {
    const lone = greeted({ maxHeaderListBytes: 1000 });
    const large = lone.peer.headers(1, [...requestFields, ["x-a", "\u00ff".repeat(1000)]]);
    const answer = lone.send(large);
    expect(answer.at(-1)).toMatchObject({ type: FrameType.RST_STREAM, streamId: 1 });
    expect(lone.end.log.requests).toEqual([]);
    expect(lone.end.log.violations).toMatchObject([{ scope: "stream", streamId: 1 }]);
    lone.send(lone.peer.headers(3, requestFields));
    expect(lone.end.log.requests).toHaveLength(1);
    expect(lone.end.connection.streams.slots).toBe(1);
  });

  it("a header list that a small block becomes", () => {
    const lone = greeted();
    const value = "v".repeat(1900);
    lone.send(lone.peer.headers(1, [...requestFields, ["x-bomb", value]]));
    const bomb = [
      ...requestFields,
      ...Array.from({ length: 2000 }, () => ["x-bomb", value] as const),
    ];
    const block = lone.peer.block(bomb);
    expect(block.length).toBeLessThan(3000);
    const answer = lone.send(frame(1, 4, 3, block));
    expect(answer.at(-1)).toMatchObject({ type: FrameType.RST_STREAM, streamId: 3 });
    expect(lone.end.log.requests).toHaveLength(1);
  });

  it("a response that is complete and that nobody takes", () => {
    const lone = greeted({ stallTimeoutMs: 60_000 });
    lone.send(settings([4, 0]));
    lone.end.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.write(new Uint8Array(1000));
      stream.end();
      stream.release();
    };
    lone.send(lone.peer.headers(1, requestFields, { endStream: true }));
    lone.loop.advance(29_000);
    expect(lone.end.connection.openStreams).toBe(1);
    lone.loop.advance(40_000);
    expect(lone.end.connection.openStreams).toBe(0);
    expect(lone.received().at(-1)).toMatchObject({ type: FrameType.RST_STREAM, streamId: 1 });
    expect(lone.end.log.violations[0]?.message).toBe("a response that is not read");
  });

  it("but not one that goes on, or of which something is taken now and then", () => {
    const lone = greeted({ stallTimeoutMs: 60_000 });
    lone.send(settings([4, 0]));
    lone.end.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.write(new Uint8Array(10_000));
      if (stream.id === 3) stream.end();
    };
    lone.send(lone.peer.headers(1, requestFields, { endStream: true }));
    lone.send(lone.peer.headers(3, requestFields, { endStream: true }));
    for (let i = 0; i < 20; i++) {
      lone.loop.advance(20_000);
      lone.send(frame(8, 0, 3, uint32(200)));
    }
    expect(lone.end.connection.openStreams).toBe(2);
  });

  it("memory for streams that were reset while the connection's window was used up", () => {
    const lone = greeted({ maxConcurrentStreams: 100_000, resets: { burst: 1e6, perSecond: 1 } });
    lone.end.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.write(new Uint8Array(50_000));
      stream.end();
    };
    for (let i = 0; i < 3000; i++) {
      const id = 2 * i + 1;
      lone.send(
        lone.peer.headers(id, requestFields, { endStream: true }),
        frame(3, 0, id, uint32(8)),
      );
    }
    expect(lone.end.connection.streams.slots).toBe(0);
    expect(lone.end.connection.openStreams).toBe(0);
  });
});
