// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { FrameType } from "../../runtime/src/http2/frames/frame-types.js";
import {
  type ClientConnection,
  ErrorCode,
  type Http2Options,
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
import { Lone, makeClient, Recorder, requestHeaders } from "./support/pair.js";

/** @packageDocumentation A server that breaks each rule of RFC 9113 once: what h2spec is for servers. */

const {
  PROTOCOL_ERROR,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  STREAM_CLOSED,
  COMPRESSION_ERROR,
  ENHANCE_YOUR_CALM,
  CANCEL,
} = ErrorCode;

const ok = [[":status", "200"]] as const;

/** A client with a request on stream 1, and a server of which only the frames are there. */
function open({
  greeted = true,
  options = {},
}: {
  greeted?: boolean;
  options?: Http2Options;
} = {}): {
  lone: Lone<ClientConnection>;
  peer: FramePeer;
  recorder: Recorder;
} {
  const loop = new VirtualLoop();
  const lone = new Lone(loop, makeClient(loop, options));
  if (greeted) lone.send(settings(), settingsAck);
  const recorder = new Recorder();
  recorder.stream = lone.end.connection.request(requestHeaders, recorder);
  lone.received();
  return { lone, peer: lone.peer, recorder };
}

function codeOf(frames: readonly Frame[], type: number): number | undefined {
  const found = frames.find((f) => f.type === type);
  if (!found) return undefined;
  const at = type === FrameType.GOAWAY ? 4 : 0;
  return Buffer.from(found.payload).readUInt32BE(at);
}

describe("ends the connection for", () => {
  const cases: [what: string, code: number, bytes: (peer: FramePeer) => Uint8Array][] = [
    ["a frame larger than allowed", FRAME_SIZE_ERROR, () => frame(0, 0, 1, new Uint8Array(16_385))],
    [
      "an unknown frame larger than allowed",
      FRAME_SIZE_ERROR,
      () => frame(99, 0, 1, new Uint8Array(16_385)),
    ],
    ["DATA on stream 0", PROTOCOL_ERROR, () => frame(0, 0, 0, [1])],
    ["DATA on an idle stream", PROTOCOL_ERROR, () => frame(0, 0, 3, [1])],
    ["DATA on a stream of the server's", PROTOCOL_ERROR, () => frame(0, 0, 2, [1])],
    [
      "DATA with too much padding",
      PROTOCOL_ERROR,
      (p) => concat(p.headers(1, ok), frame(0, 8, 1, [4, 0, 0])),
    ],
    [
      "DATA without the length of its padding",
      FRAME_SIZE_ERROR,
      (p) => concat(p.headers(1, ok), frame(0, 8, 1)),
    ],
    ["HEADERS on stream 0", PROTOCOL_ERROR, (p) => p.headers(0, ok)],
    ["HEADERS on an idle stream", PROTOCOL_ERROR, (p) => p.headers(3, ok)],
    ["HEADERS on a stream of the server's", PROTOCOL_ERROR, (p) => p.headers(2, ok)],
    ["HEADERS with too much padding", PROTOCOL_ERROR, () => frame(1, 4 | 8, 1, [5, 0x88, 0, 0])],
    ["HEADERS without its priority", FRAME_SIZE_ERROR, () => frame(1, 4 | 0x20, 1, [0, 0])],
    [
      "HEADERS that are no HPACK",
      COMPRESSION_ERROR,
      () => frame(1, 4, 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ],
    ["PRIORITY on stream 0", PROTOCOL_ERROR, () => frame(2, 0, 0, [0, 0, 0, 1, 0])],
    ["PRIORITY of a wrong length", FRAME_SIZE_ERROR, () => frame(2, 0, 1, [0, 0, 0, 1])],
    ["RST_STREAM on stream 0", PROTOCOL_ERROR, () => frame(3, 0, 0, uint32(8))],
    ["RST_STREAM on an idle stream", PROTOCOL_ERROR, () => frame(3, 0, 3, uint32(8))],
    ["RST_STREAM of a wrong length", FRAME_SIZE_ERROR, () => frame(3, 0, 1, [0, 8])],
    ["SETTINGS on a stream", PROTOCOL_ERROR, () => frame(4, 0, 1)],
    ["SETTINGS of a wrong length", FRAME_SIZE_ERROR, () => frame(4, 0, 0, [0, 1, 0])],
    [
      "an acknowledgement with SETTINGS",
      FRAME_SIZE_ERROR,
      () => frame(4, 1, 0, [0, 1, 0, 0, 0, 0]),
    ],
    ["SETTINGS_ENABLE_PUSH from a server", PROTOCOL_ERROR, () => settings([2, 1])],
    ["SETTINGS_INITIAL_WINDOW_SIZE too large", FLOW_CONTROL_ERROR, () => settings([4, 2 ** 31])],
    ["SETTINGS_MAX_FRAME_SIZE too small", PROTOCOL_ERROR, () => settings([5, 16_383])],
    ["SETTINGS_MAX_FRAME_SIZE too large", PROTOCOL_ERROR, () => settings([5, 2 ** 24])],
    ["PUSH_PROMISE", PROTOCOL_ERROR, (p) => frame(5, 4, 1, [0, 0, 0, 2, ...p.block(ok)])],
    ["PING on a stream", PROTOCOL_ERROR, () => frame(6, 0, 1, new Uint8Array(8))],
    ["PING of a wrong length", FRAME_SIZE_ERROR, () => frame(6, 0, 0, new Uint8Array(7))],
    ["GOAWAY on a stream", PROTOCOL_ERROR, () => frame(7, 0, 1, new Uint8Array(8))],
    ["GOAWAY that is too short", FRAME_SIZE_ERROR, () => frame(7, 0, 0, new Uint8Array(7))],
    ["WINDOW_UPDATE of a wrong length", FRAME_SIZE_ERROR, () => frame(8, 0, 0, [1])],
    ["WINDOW_UPDATE of 0 for the connection", PROTOCOL_ERROR, () => frame(8, 0, 0, uint32(0))],
    ["WINDOW_UPDATE on an idle stream", PROTOCOL_ERROR, () => frame(8, 0, 3, uint32(1))],
    [
      "a window of the connection that overflows",
      FLOW_CONTROL_ERROR,
      () => frame(8, 0, 0, uint32(2 ** 31 - 1)),
    ],
    [
      "windows of streams that overflow by SETTINGS",
      FLOW_CONTROL_ERROR,
      () => concat(frame(8, 0, 1, uint32(2 ** 31 - 1 - 65_535)), settings([4, 65_536])),
    ],
    ["CONTINUATION without HEADERS", PROTOCOL_ERROR, () => frame(9, 4, 1, [0x88])],
    [
      "CONTINUATION behind END_HEADERS",
      PROTOCOL_ERROR,
      () => concat(frame(1, 4, 1, [0x88]), frame(9, 4, 1, [0x88])),
    ],
    [
      "CONTINUATION of another stream",
      PROTOCOL_ERROR,
      () => concat(frame(1, 0, 1, [0x88]), frame(9, 4, 3, [0x88])),
    ],
    [
      "DATA within a header block",
      PROTOCOL_ERROR,
      () => concat(frame(1, 0, 1, [0x88]), frame(0, 0, 1, [1])),
    ],
    [
      "an unknown frame within a header block",
      PROTOCOL_ERROR,
      () => concat(frame(1, 0, 1, [0x88]), frame(99, 0, 1)),
    ],
    [
      "a header block that does not end",
      ENHANCE_YOUR_CALM,
      () =>
        concat(frame(1, 0, 1, [0x88]), ...Array.from({ length: 65 }, () => frame(9, 0, 1, [0x88]))),
    ],
    [
      "a header block that is a flood",
      ENHANCE_YOUR_CALM,
      () =>
        concat(
          frame(1, 0, 1),
          ...Array.from({ length: 9 }, () => frame(9, 0, 1, new Uint8Array(16_384))),
        ),
    ],
  ];

  it.each(cases)("%s", (_, code, make) => {
    const { lone, peer, recorder } = open();
    recorder.stream?.pause();
    const answer = lone.send(make(peer));
    expect(codeOf(answer, FrameType.GOAWAY)).toBe(code);
    expect(lone.end.host.ended).toBe(true);
    expect(lone.end.log.closed).toBe(1);
    expect(lone.end.log.violations.at(-1)).toMatchObject({ scope: "connection", code });
    expect(recorder.log.at(-1)).toMatch(/^connection|^violation/);
    expect(lone.loop.timers).toBe(0);
  });

  it.each([
    ["a frame other than SETTINGS first", () => frame(6, 0, 0, new Uint8Array(8))],
    ["an acknowledgement first", () => settingsAck],
    [
      "something that is no HTTP/2",
      () => new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"),
    ],
  ])("%s", (_, make) => {
    const { lone } = open({ greeted: false });
    const answer = lone.send(make());
    expect(codeOf(answer, FrameType.GOAWAY)).toBeDefined();
    expect(lone.end.host.ended).toBe(true);
  });

  it("more data than the connection's window", () => {
    const options = { maxUnreadBytes: 0, streamWindowBytes: 2 << 20 };
    const { lone, peer, recorder } = open({ options });
    recorder.stream?.pause();
    lone.send(peer.headers(1, ok));
    const data = Array.from({ length: 64 }, () => frame(0, 0, 1, new Uint8Array(16_384)));
    expect(codeOf(lone.send(...data), FrameType.GOAWAY)).toBeUndefined();
    expect(codeOf(lone.send(frame(0, 0, 1, [1])), FrameType.GOAWAY)).toBe(FLOW_CONTROL_ERROR);
  });

  it("SETTINGS that never come", () => {
    const { lone } = open({ greeted: false });
    lone.loop.advance(10_001);
    expect(codeOf(lone.received(), FrameType.GOAWAY)).toBe(PROTOCOL_ERROR);
  });

  it("SETTINGS that are never acknowledged", () => {
    const { lone } = open({ greeted: false });
    lone.send(settings());
    lone.loop.advance(10_001);
    expect(codeOf(lone.received(), FrameType.GOAWAY)).toBe(ErrorCode.SETTINGS_TIMEOUT);
  });

  it("a header block that takes too long", () => {
    const { lone } = open();
    lone.send(frame(1, 0, 1, [0x88]));
    lone.loop.advance(10_001);
    expect(codeOf(lone.received(), FrameType.GOAWAY)).toBe(ENHANCE_YOUR_CALM);
  });
});

describe("ends the stream for", () => {
  type Fields = readonly (readonly [string, string])[];
  const trailing: Fields = [["grpc-status", "0"]];
  const cases: [what: string, code: number, bytes: (peer: FramePeer) => Uint8Array][] = [
    ["DATA before HEADERS", PROTOCOL_ERROR, () => frame(0, 0, 1, [1])],
    [
      "more data than the window",
      FLOW_CONTROL_ERROR,
      (p) =>
        concat(
          p.headers(1, ok),
          ...Array.from({ length: 9 }, () => frame(0, 0, 1, new Uint8Array(16_384))),
        ),
    ],
    ["WINDOW_UPDATE of 0", PROTOCOL_ERROR, () => frame(8, 0, 1, uint32(0))],
    ["a window that overflows", FLOW_CONTROL_ERROR, () => frame(8, 0, 1, uint32(2 ** 31 - 1))],
    ["headers without :status", PROTOCOL_ERROR, (p) => p.headers(1, trailing)],
    ["an invalid :status", PROTOCOL_ERROR, (p) => p.headers(1, [[":status", "2x0"]])],
    ["two :status", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ...ok])],
    [":status behind other fields", PROTOCOL_ERROR, (p) => p.headers(1, [...trailing, ...ok])],
    [":status of 101", PROTOCOL_ERROR, (p) => p.headers(1, [[":status", "101"]])],
    [
      "pseudo-header fields of a request",
      PROTOCOL_ERROR,
      (p) => p.headers(1, [...ok, [":path", "/"]]),
    ],
    ["an unknown pseudo-header field", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, [":x", "/"]])],
    ["a name in upper case", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ["X-A", "1"]])],
    ["a name with a space", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ["x a", "1"]])],
    ["an empty name", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ["", "1"]])],
    ["a value with a line break", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ["x-a", "1\n2"]])],
    ["a value with a zero", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ["x-a", "1\u00002"]])],
    [
      "a value with a space at its end",
      PROTOCOL_ERROR,
      (p) => p.headers(1, [...ok, ["x-a", "1 "]]),
    ],
    ["connection", PROTOCOL_ERROR, (p) => p.headers(1, [...ok, ["connection", "close"]])],
    [
      "transfer-encoding",
      PROTOCOL_ERROR,
      (p) => p.headers(1, [...ok, ["transfer-encoding", "chunked"]]),
    ],
    [
      "an invalid content-length",
      PROTOCOL_ERROR,
      (p) => p.headers(1, [...ok, ["content-length", "-1"]]),
    ],
    [
      "two content-length that differ",
      PROTOCOL_ERROR,
      (p) => p.headers(1, [...ok, ["content-length", "1"], ["content-length", "2"]]),
    ],
    [
      "more content than content-length",
      PROTOCOL_ERROR,
      (p) => concat(p.headers(1, [...ok, ["content-length", "1"]]), frame(0, 0, 1, [1, 2])),
    ],
    [
      "less content than content-length",
      PROTOCOL_ERROR,
      (p) => concat(p.headers(1, [...ok, ["content-length", "3"]]), frame(0, 1, 1, [1, 2])),
    ],
    [
      "an interim response that ends the stream",
      PROTOCOL_ERROR,
      (p) => p.headers(1, [[":status", "100"]], { endStream: true }),
    ],
    [
      "a flood of interim responses",
      PROTOCOL_ERROR,
      (p) => concat(...Array.from({ length: 17 }, () => p.headers(1, [[":status", "103"]]))),
    ],
    [
      "trailers that do not end the stream",
      PROTOCOL_ERROR,
      (p) => concat(p.headers(1, ok), p.headers(1, trailing)),
    ],
    [
      "trailers with :status",
      PROTOCOL_ERROR,
      (p) => concat(p.headers(1, ok), p.headers(1, ok, { endStream: true })),
    ],
    [
      "headers larger than allowed",
      CANCEL,
      (p) => p.headers(1, [...ok, ["x-a", "z".repeat(16_000)], ["x-b", "z".repeat(400)]]),
    ],
    ["a stream that depends on itself", PROTOCOL_ERROR, () => frame(2, 0, 1, [0, 0, 0, 1, 0])],
  ];

  it.each(cases)("%s", (_, code, make) => {
    const { lone, peer, recorder } = open();
    recorder.stream?.pause();
    const answer = lone.send(make(peer));
    expect(codeOf(answer, FrameType.RST_STREAM)).toBe(code);
    expect(lone.end.connection.closed).toBe(false);
    expect(lone.end.log.violations).toMatchObject([{ scope: "stream", streamId: 1, code }]);
    expect(recorder.log.at(-1)).toBe(`violation ${code}`);
    // The connection goes on.
    const next = new Recorder();
    lone.end.connection.request(requestHeaders, next);
    lone.received();
    lone.send(peer.headers(3, [[":status", "200"]], { endStream: true }));
    expect(next.log).toEqual(["headers 200", "end"]);
  });

  it.each([
    ["DATA", () => frame(0, 0, 1, [1])],
    ["HEADERS", (p: FramePeer) => p.headers(1, [["x-late", "1"]], { endStream: true })],
  ])("%s after the end", (_, make) => {
    const { lone, peer, recorder } = open();
    lone.send(peer.headers(1, ok, { endStream: true }));
    expect(codeOf(lone.send(make(peer)), FrameType.RST_STREAM)).toBe(STREAM_CLOSED);
    expect(recorder.log).toEqual(["headers 200", "end"]);
  });
});

describe("takes no offence at", () => {
  const cases: [what: string, bytes: (peer: FramePeer) => Uint8Array][] = [
    ["unknown frames", () => frame(99, 255, 1, [1, 2, 3])],
    ["unknown frames on stream 0", () => frame(99, 255, 0, [1, 2, 3])],
    ["unknown settings", () => settings([99, 1], [0xfffe, 2])],
    ["unknown flags", () => frame(6, 0xfe, 0, new Uint8Array(8))],
    ["the reserved bit of a stream's number", () => frame(8, 0, 0x80000001, uint32(1))],
    ["the reserved bit of an increment", () => frame(8, 0, 1, uint32(0x80000001))],
    ["answers to pings that were never sent", () => frame(6, 1, 0, new Uint8Array(8))],
    ["an acknowledgement too many", () => settingsAck],
    ["PRIORITY on an idle stream", () => frame(2, 0, 9, [0, 0, 0, 1, 0])],
    ["DATA with padding", (p) => concat(p.headers(1, ok), frame(0, 8, 1, [3, 7, 0, 0, 0]))],
    ["DATA of padding alone", (p) => concat(p.headers(1, ok), frame(0, 8, 1, [3, 0, 0, 0]))],
    [
      "HEADERS with padding and priority",
      () => frame(1, 4 | 8 | 0x20, 1, [2, 0, 0, 0, 0, 1, 0x88, 0, 0]),
    ],
    [
      "content-length that fits",
      (p) =>
        concat(
          p.headers(1, [...ok, ["content-length", "3"]]),
          frame(0, 0, 1, [1, 2]),
          frame(0, 0, 1, [3]),
        ),
    ],
    [
      "a header block in single bytes",
      (p) => {
        const [first = 0, ...rest] = p.block([...ok, ["x-a", "abc"]]);
        return concat(
          frame(1, 0, 1, [first]),
          ...rest.map((octet, i) => frame(9, i === rest.length - 1 ? 4 : 0, 1, [octet])),
        );
      },
    ],
  ];

  it.each(cases)("%s", (_, make) => {
    for (const cut of [1, 7, 100_000]) {
      const { lone, peer, recorder } = open();
      const bytes = make(peer);
      for (let at = 0; at < bytes.length; at += cut) lone.send(bytes.slice(at, at + cut));
      expect(lone.end.log.violations).toEqual([]);
      if (recorder.log.length === 0) lone.send(peer.headers(1, ok));
      lone.send(peer.headers(1, [["x-last", "1"]], { endStream: true }));
      expect(recorder.log.at(-1)).toBe("end");
    }
  });

  it("frames for a stream that it has cancelled", () => {
    const { lone, peer, recorder } = open();
    recorder.stream?.reset(CANCEL);
    expect(codeOf(lone.received(), FrameType.RST_STREAM)).toBe(CANCEL);
    const late = concat(
      peer.headers(1, ok),
      frame(0, 0, 1, [1, 2, 3]),
      frame(8, 0, 1, uint32(5)),
      peer.headers(1, [["x-a", "1"]], { endStream: true }),
      frame(3, 0, 1, uint32(8)),
    );
    expect(lone.send(late)).toEqual([]);
    expect(lone.end.log.violations).toEqual([]);
    expect(recorder.log).toEqual([]);
  });

  it("GOAWAY that leaves some streams out: those fail, and may be made again", () => {
    const { lone, peer, recorder } = open();
    const second = new Recorder();
    lone.end.connection.request(requestHeaders, second);
    lone.received();
    lone.send(frame(7, 0, 0, [...uint32(1), ...uint32(0)]));
    expect(second.failure).toMatchObject({ kind: "goaway", processed: false });
    expect(recorder.failure).toBeUndefined();
    lone.send(peer.headers(1, ok, { endStream: true }));
    expect(recorder.log).toEqual(["headers 200", "end"]);
    recorder.stream?.end();
    lone.received();
    expect(lone.end.host.ended).toBe(true);
  });

  it("REFUSED_STREAM: it may be made again", () => {
    const { lone, recorder } = open();
    lone.send(frame(3, 0, 1, uint32(ErrorCode.REFUSED_STREAM)));
    expect(recorder.failure).toMatchObject({ kind: "reset", processed: false });
  });
});
