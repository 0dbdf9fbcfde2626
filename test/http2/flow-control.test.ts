// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { HeldData } from "../../runtime/src/http2/held-data.js";
import { ErrorCode } from "../../runtime/src/http2/index.js";
import { Scheduler } from "../../runtime/src/http2/scheduler.js";
import { Http2Stream } from "../../runtime/src/http2/stream.js";
import { VirtualLoop } from "./support/memory-host.js";
import {
  makeClient,
  makeServer,
  Pair,
  pass,
  Recorder,
  requestHeaders,
  responseHeaders,
} from "./support/pair.js";

/** Writes as long as there is room, and again when there is. */
function flood(stream: Http2Stream, piece: number, total: number): { left: number } {
  const state = { left: total };
  const write = () => {
    while (state.left > 0) {
      state.left -= piece;
      if (!stream.write(new Uint8Array(piece))) return;
    }
    stream.end();
  };
  stream.events.onDrain = write;
  write();
  return state;
}

describe("a reader that has stopped", () => {
  it("holds the window, and no more", () => {
    const pair = new Pair();
    const { stream } = pair.request();
    const state = flood(stream, 1000, 10_000_000);
    pair.server.log.onCall = (s) => s.pause();
    pair.settle();
    const [call] = pair.server.log.requests;
    expect(call?.recorder.bytes).toBe(0);
    expect(10_000_000 - state.left - stream.buffered).toBe(128 * 1024);
    expect(stream.buffered).toBeLessThanOrEqual(65 * 1024);
    call?.stream.resume();
    pair.settle();
    expect(call?.recorder.bytes).toBe(10_000_000);
    expect(call?.recorder.log).toEqual(["data", "end"]);
  });

  it("keeps its bound however far windows have grown", () => {
    const pair = new Pair();
    const { stream } = pair.request();
    const state = flood(stream, 10_000, 20_000_000);
    for (let i = 0; i < 50; i++) {
      pair.loop.advance(1);
      pass(pair.loop, pair.client, pair.server);
      pass(pair.loop, pair.server, pair.client);
    }
    const [call] = pair.server.log.requests;
    call?.stream.pause();
    pair.settle();
    const unread = 20_000_000 - state.left - stream.buffered - (call?.recorder.bytes ?? 0);
    expect(unread).toBeLessThanOrEqual(192 * 1024);
    call?.stream.resume();
    pair.settle();
    expect(call?.recorder.bytes).toBe(20_000_000);
  });

  it("holds up nobody else on its connection", () => {
    const pair = new Pair();
    pair.server.log.onCall = (s) => s.pause();
    for (let i = 0; i < 40; i++) flood(pair.request().stream, 10_000, 3_000_000);
    pair.settle();
    pair.server.log.onCall = () => {};
    const { stream } = pair.request();
    flood(stream, 10_000, 1_000_000);
    pair.settle();
    expect(pair.server.log.requests.at(-1)?.recorder.bytes).toBe(1_000_000);
  });

  it("stops the connection when all of them hold too much", () => {
    const pair = new Pair({ server: { maxUnreadBytes: 1_000_000 } });
    pair.server.log.onCall = (s) => s.pause();
    const streams = Array.from({ length: 40 }, () => {
      const { stream } = pair.request();
      flood(stream, 10_000, 300_000);
      return stream;
    });
    pair.settle();
    const held = streams.reduce((sum, { buffered }) => sum - buffered, 40 * 300_000);
    expect(held).toBeGreaterThan(1_000_000);
    for (const { stream } of pair.server.log.requests) stream.resume();
    pair.settle();
    for (const { recorder } of pair.server.log.requests) expect(recorder.bytes).toBe(300_000);
  });

  it("gives back what a stream held that was reset", () => {
    const pair = new Pair({ server: { maxUnreadBytes: 200_000 } });
    pair.server.log.onCall = (s) => s.pause();
    for (let i = 0; i < 30; i++) {
      const { stream } = pair.request();
      flood(stream, 10_000, 100_000);
      pair.settle();
      pair.server.log.requests.at(-1)?.stream.reset(ErrorCode.CANCEL);
      pair.server.log.requests.at(-1)?.stream.release();
      pair.settle();
    }
    pair.server.log.onCall = () => {};
    flood(pair.request().stream, 10_000, 2_000_000);
    pair.settle();
    expect(pair.server.log.requests.at(-1)?.recorder.bytes).toBe(2_000_000);
  });

  it("gets windows by consume, if it wants to", () => {
    const pair = new Pair();
    pair.server.log.onCall = (s) => {
      s.autoConsume = false;
    };
    const { stream } = pair.request();
    flood(stream, 1000, 500_000);
    pair.settle();
    const [call] = pair.server.log.requests;
    expect(call?.recorder.bytes).toBe(128 * 1024);
    call?.stream.consume(100_000);
    pair.settle();
    expect(call?.recorder.bytes).toBe(128 * 1024 + 100_000);
  });

  it("keeps what it has received of a response when the rest of the stream is over", () => {
    const pair = new Pair();
    pair.server.log.onCall = (s) => {
      s.respond(responseHeaders);
      s.write(new Uint8Array(5000));
      s.end();
    };
    const { stream, recorder } = pair.request();
    stream.end();
    stream.pause();
    pair.settle();
    pair.client.connection.transportClosed("gone");
    expect(recorder.log).toEqual(["headers 200"]);
    stream.resume();
    pair.settle();
    expect(recorder.log).toEqual(["headers 200", "data", "end"]);
  });
});

describe("held data", () => {
  it("pins no more than its own bytes", () => {
    const held = new HeldData();
    for (let i = 0; i < 100; i++) held.push(new Uint8Array(65_536), 0, 1024);
    let bytes = 0;
    const buffers = new Set<ArrayBufferLike>();
    for (let piece = held.shift(); piece; piece = held.shift()) {
      bytes += piece.length;
      buffers.add(piece.buffer);
    }
    expect(bytes).toBe(100 * 1024);
    const pinned = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(pinned).toBeLessThan(1.3 * bytes);
  });

  it("is copied out of a buffer that is much larger, and left in one that is not", () => {
    const held = new HeldData();
    held.push(new Uint8Array(65_536), 0, 20_000);
    const whole = new Uint8Array(30_000);
    held.push(whole, 9, 30_000);
    expect(held.shift()?.buffer.byteLength).toBe(20_000);
    expect(held.shift()?.buffer).toBe(whole.buffer);
  });

  it("costs little for pieces of a byte", () => {
    const held = new HeldData();
    for (let i = 0; i < 10_000; i++) held.push(Uint8Array.of(i & 255), 0, 1);
    const pieces: Uint8Array[] = [];
    for (let piece = held.shift(); piece; piece = held.shift()) pieces.push(piece);
    expect(pieces.length).toBeLessThan(20);
    expect(Buffer.concat(pieces)).toEqual(
      Buffer.from(Array.from({ length: 10_000 }, (_, i) => i & 255)),
    );
    expect(held.isEmpty).toBe(true);
  });
});

describe("windows", () => {
  it("grow with the bandwidth-delay product", () => {
    const options = { maxStreamWindowBytes: 8 << 20 };
    const pair = new Pair({ server: options });
    const { stream } = pair.request();
    flood(stream, 16_384, 50_000_000);
    const perTrip: number[] = [];
    for (let i = 0; i < 60; i++) {
      const before = pair.server.log.requests[0]?.recorder.bytes ?? 0;
      pass(pair.loop, pair.client, pair.server);
      pair.loop.advance(50);
      pass(pair.loop, pair.server, pair.client);
      pair.loop.advance(50);
      perTrip.push((pair.server.log.requests[0]?.recorder.bytes ?? 0) - before);
    }
    expect(Math.max(...perTrip)).toBeGreaterThan(1_000_000);
  });

  it("may be below zero when an empty frame ends the stream", () => {
    const loop = new VirtualLoop();
    const server = makeServer(loop, { streamWindowBytes: 1000 });
    const client = makeClient(loop);
    const recorder = new Recorder();
    const stream = client.connection.request(requestHeaders, recorder);
    stream.write(new Uint8Array(4096));
    server.log.onCall = (s) => s.pause();
    pass(loop, client, server);
    pass(loop, server, client);
    stream.end();
    pass(loop, client, server);
    pass(loop, client, server);
    server.log.requests[0]?.stream.resume();
    loop.settle();
    expect(server.log.violations).toEqual([]);
    expect(server.log.requests[0]?.recorder.log).toEqual(["data", "end"]);
  });

  it("of a stream smaller than the default are kept to once they are known", () => {
    const pair = new Pair({ server: { streamWindowBytes: 1000, maxStreamWindowBytes: 1000 } });
    pair.server.log.onCall = (s) => s.pause();
    const state = flood(pair.request().stream, 100, 50_000);
    pair.settle();
    expect(50_000 - state.left).toBeLessThanOrEqual(1000 + 65_536);
    expect(pair.server.log.violations).toEqual([]);
    pair.server.log.requests[0]?.stream.resume();
    pair.settle();
    expect(pair.server.log.requests[0]?.recorder.bytes).toBe(50_000);
  });
});

describe("turns", () => {
  /** A server with a transport of little capacity, and streams that send all the time. */
  function busy(large: number) {
    const loop = new VirtualLoop();
    const server = makeServer(loop, {}, 16 * 1024);
    const client = makeClient(loop);
    const trip = () => {
      pass(loop, client, server);
      pass(loop, server, client, 20_000);
    };
    for (let i = 0; i < 4; i++) trip();
    server.log.onCall = (stream) => stream.respond(responseHeaders);
    const call = () => {
      const recorder = new Recorder();
      const stream = client.connection.request(requestHeaders, recorder);
      stream.end();
      for (let i = 0; i < 40 && server.log.requests.at(-1)?.stream.id !== stream.id; i++) trip();
      const served = server.log.requests.at(-1)?.stream;
      if (!served) throw new Error("no request has come");
      return { recorder, served };
    };
    const streams = Array.from({ length: large }, () => {
      const made = call();
      flood(made.served, 50_000, 1e9);
      return made;
    });
    return { trip, call, streams };
  }

  it("are taken by all streams alike", () => {
    const { trip, streams } = busy(10);
    for (let i = 0; i < 1000; i++) trip();
    const bytes = streams.map(({ recorder }) => recorder.bytes);
    expect(Math.min(...bytes)).toBeGreaterThan(0.8 * Math.max(...bytes));
  });

  it("come soon for a stream with little to say", () => {
    const { trip, call } = busy(10);
    for (let i = 0; i < 100; i++) trip();
    const { recorder, served } = call();
    served.write(new Uint8Array(100));
    let trips = 0;
    while (recorder.bytes === 0) {
      trip();
      trips++;
    }
    // What one flush has handed over is before it; not what all ten streams have to send.
    expect(trips * 20_000).toBeLessThanOrEqual(340_000);
  });

  it("are left to large streams by small ones that use up each window", () => {
    const scheduler = new Scheduler();
    const owner = new Pair().client.connection.streams;
    const make = (id: number, bytes: number) => {
      const stream = new Http2Stream(owner, id, 1e9, 1e9);
      stream.started = true;
      stream.append(new Uint8Array(bytes));
      scheduler.add(stream);
      return stream;
    };
    const large = make(1, 1e6);
    const turns: number[] = [];
    const writer = {
      sendWindow: 0,
      full: false,
      writeHead() {},
      writeTurn(stream: Http2Stream, bytes: number) {
        const sent = Math.min(bytes, stream.buffered, writer.sendWindow);
        stream.buffered -= sent;
        writer.sendWindow -= sent;
        turns.push(stream.id);
      },
    };
    for (let i = 0; i < 20; i++) {
      make(3 + 2 * i, 1000);
      writer.sendWindow = 1000;
      scheduler.lap(writer);
    }
    expect(turns.filter((id) => id === large.id).length).toBeGreaterThan(5);
    expect(turns.filter((id) => id !== large.id).length).toBeGreaterThan(5);
  });

  it("are left to a large stream by small ones that never stop", () => {
    const { trip, call, streams } = busy(1);
    const small = Array.from({ length: 60 }, () => call());
    for (const { served } of small) {
      const write = () => {
        while (served.write(new Uint8Array(1000)));
      };
      served.events.onDrain = write;
    }
    const before = streams[0]?.recorder.bytes ?? 0;
    for (let i = 0; i < 2000; i++) {
      for (const { served } of small) if (served.buffered === 0) served.write(new Uint8Array(1000));
      trip();
    }
    const large = (streams[0]?.recorder.bytes ?? 0) - before;
    const each = Math.max(...small.map(({ recorder }) => recorder.bytes));
    expect(large).toBeGreaterThan(each);
  });
});
