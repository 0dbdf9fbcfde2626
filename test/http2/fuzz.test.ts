// SPDX-License-Identifier: Apache-2.0
import "./support/seed.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CLIENT_PREFACE } from "../../runtime/src/http2/frames/frame-types.js";
import type { Http2Connection } from "../../runtime/src/http2/index.js";
import { FramePeer, frame, settings, settingsAck, uint32 } from "./support/frames.js";
import { VirtualLoop } from "./support/memory-host.js";
import {
  type End,
  makeClient,
  makeServer,
  Recorder,
  requestFields,
  requestHeaders,
  responseHeaders,
  trailers,
} from "./support/pair.js";

/**
 * @packageDocumentation Frames that are nearly right, bytes that are wrong, cut anywhere: whatever
 * comes, nothing is thrown, and each stream is told one end. `HTTP2_SEQUENCES` says how many to try.
 */

const SEQUENCES = Number(
  process.env.HTTP2_SEQUENCES ?? (process.env.RELIABILITY === "long" ? 1_000_000 : 200),
);

type Make = (peer: FramePeer) => Uint8Array;

const streamIds = fc.constantFrom(0, 1, 1, 1, 3, 5, 2, 99);
const flags = fc.constantFrom(0, 1, 4, 5, 8, 9, 12, 13, 0x20, 0x24, 0x2d, 0xff);
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 24 }),
  fc.constantFrom(0, 1, 8, 2 ** 31 - 1, 2 ** 31).map((n) => Uint8Array.from(uint32(n))),
  fc.integer({ min: 0, max: 16_500 }).map((length) => new Uint8Array(length)),
);
const fields = fc.array(
  fc.constantFrom<[string, string]>(
    ...(requestFields as [string, string][]),
    [":status", "200"],
    [":status", "100"],
    ["x-a", "1"],
    ["te", "trailers"],
    ["te", "gzip"],
    ["X-A", "1"],
    ["content-length", "3"],
    ["x-large", "z".repeat(9000)],
  ),
  { maxLength: 8 },
);

const frames: fc.Arbitrary<Make> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(fc.integer({ min: 0, max: 11 }), flags, streamIds, payloads).map(
      ([type, flag, id, payload]): Make =>
        () =>
          frame(type, flag, id, payload),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(streamIds, fc.oneof(fields, fc.constant(requestFields)), fc.boolean()).map(
      ([id, list, endStream]): Make =>
        (peer) =>
          peer.headers(id, list, { endStream }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(flags, streamIds, fc.nat(20_000)).map(
      ([flag, id, length]): Make =>
        () =>
          frame(0, flag & 1, id, new Uint8Array(length % 16_385)),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(8), fc.constantFrom(0, 1, 100, 16_384, 65_535, 2 ** 31)).map(
      ([id, value]): Make =>
        () =>
          settings([id, value]),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.uint8Array({ maxLength: 40 }).map(
      (bytes): Make =>
        () =>
          bytes,
    ),
  },
);

function feed(loop: VirtualLoop, end: End<Http2Connection>, bytes: Uint8Array, cut: number): void {
  for (let at = 0; at < bytes.length; at += cut) {
    end.connection.receive(bytes.slice(at, at + cut));
    loop.settle();
    end.host.take();
  }
}

/** Each is told one end at most, and one in any case when the connection has closed. */
function checkStreams(recorders: readonly Recorder[], isServer: boolean): void {
  for (const { log } of recorders) {
    const ends = log.filter((entry) => /^(end|reset|violation|goaway|connection)/.test(entry));
    expect(ends.length).toBeGreaterThanOrEqual(1);
    expect(ends.length).toBeLessThanOrEqual(isServer && ends[0] === "end" ? 2 : 1);
  }
}

function finish(loop: VirtualLoop, end: End<Http2Connection>): void {
  loop.advance(5000);
  if (!end.connection.closed) end.connection.transportClosed("the end of the test");
  loop.settle();
  expect(end.log.closed).toBe(1);
  expect(end.connection.openStreams).toBe(0);
  expect(loop.timers).toBe(0);
}

const sequences = fc.tuple(
  fc.array(frames, { minLength: 1, maxLength: 30 }),
  fc.constantFrom(1, 10, 1000, 1e6),
);

describe("whatever comes", () => {
  const timeout = 60_000 + 200 * SEQUENCES;

  it("a server survives it", { timeout }, () => {
    fc.assert(
      fc.property(sequences, ([makes, cut]) => {
        const loop = new VirtualLoop();
        const end = makeServer(loop);
        end.log.onCall = (stream, recorder) => {
          stream.respond(responseHeaders);
          if (stream.id === 3) stream.pause();
          if (stream.id === 5) recorder.onData = () => stream.end(trailers);
        };
        feed(loop, end, CLIENT_PREFACE, 1e6);
        feed(loop, end, settings(), 1e6);
        feed(loop, end, settingsAck, 1e6);
        const peer = new FramePeer();
        for (const make of makes) feed(loop, end, make(peer), cut);
        for (const { stream } of end.log.requests) stream.end(trailers);
        for (const { stream } of end.log.requests) stream.resume();
        loop.settle();
        finish(loop, end);
        for (const { stream } of end.log.requests) stream.release();
        expect(end.connection.streams.slots).toBe(0);
        const open = end.log.requests.filter(({ stream }) => stream.id !== 5);
        checkStreams(
          open.filter(({ recorder }) => recorder.log.length > 0).map(({ recorder }) => recorder),
          true,
        );
      }),
      { numRuns: SEQUENCES },
    );
  });

  it("a client survives it", { timeout }, () => {
    fc.assert(
      fc.property(sequences, ([makes, cut]) => {
        const loop = new VirtualLoop();
        const end = makeClient(loop);
        feed(loop, end, settings(), 1e6);
        feed(loop, end, settingsAck, 1e6);
        const recorders = [1, 2, 3].map(() => {
          const recorder = new Recorder();
          recorder.stream = end.connection.request(requestHeaders, recorder);
          recorder.stream.write(new Uint8Array(100_000));
          return recorder;
        });
        loop.settle();
        const peer = new FramePeer();
        for (const make of makes) feed(loop, end, make(peer), cut);
        finish(loop, end);
        checkStreams(recorders, false);
      }),
      { numRuns: SEQUENCES },
    );
  });
});
