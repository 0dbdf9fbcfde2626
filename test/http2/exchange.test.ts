// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CLIENT_PREFACE, FrameType } from "../../runtime/src/http2/frames/frame-types.js";
import { ErrorCode, HeaderList } from "../../runtime/src/http2/index.js";
import { frame, settings, settingsAck, uint32 } from "./support/frames.js";
import { VirtualLoop } from "./support/memory-host.js";
import {
  Lone,
  makeClient,
  makeServer,
  Pair,
  Recorder,
  requestFields,
  requestHeaders,
  responseHeaders,
  trailers,
} from "./support/pair.js";

const { CANCEL, NO_ERROR, REFUSED_STREAM, INTERNAL_ERROR } = ErrorCode;

describe("a call", () => {
  it("goes both ways, with trailers", () => {
    const pair = new Pair();
    pair.server.log.onCall = (stream) => stream.respond(responseHeaders);
    const { stream, recorder } = pair.request();
    stream.write(new Uint8Array(10));
    pair.settle();
    stream.write(new Uint8Array(20));
    stream.end(HeaderList.of([["x-sum", "30"]]));
    pair.settle();
    const [call] = pair.server.log.requests;
    expect(call?.headers.get(":path")).toBe("/test.v1.Test/Call");
    expect(call?.recorder.log).toEqual(["data", "end"]);
    expect(call?.recorder.bytes).toBe(30);
    expect(call?.recorder.trailers?.get("x-sum")).toBe("30");
    expect(recorder.sent).toBe(true);
    call?.stream.write(new Uint8Array(7));
    call?.stream.end(trailers);
    call?.stream.release();
    expect(call?.recorder.sent).toBe(false);
    pair.settle();
    expect(call?.recorder.sent).toBe(true);
    expect(recorder.log).toEqual(["headers 200", "data", "end"]);
    expect(recorder.bytes).toBe(7);
    expect(recorder.trailers?.get("grpc-status")).toBe("0");
    expect(pair.client.connection.openStreams).toBe(0);
    expect(pair.server.connection.openStreams).toBe(0);
  });

  it("writes all calls of a turn at once", () => {
    const pair = new Pair();
    const before = pair.client.host.writes;
    for (let i = 0; i < 50; i++) {
      const { stream } = pair.request();
      stream.write(new Uint8Array(100));
      stream.end();
    }
    pair.loop.settle();
    expect(pair.client.host.writes).toBe(before + 1);
  });

  it("costs a few bytes of headers from the third time on", () => {
    const pair = new Pair();
    const sizes = [1, 2, 3].map(() => {
      const { stream } = pair.request();
      stream.end();
      pair.loop.settle();
      const bytes = pair.client.host.waiting;
      pair.settle();
      return bytes;
    });
    expect(sizes[2]).toBe(9 + 4);
  });

  it("passes interim responses on", () => {
    const pair = new Pair();
    pair.server.log.onCall = (stream) => {
      stream.sendInterim(HeaderList.of([[":status", "103"]]));
      stream.respond(responseHeaders);
      stream.end();
    };
    const { recorder } = pair.request();
    pair.settle();
    expect(recorder.log).toEqual(["interim 103", "headers 200", "end"]);
  });

  it("takes headers that need CONTINUATION, both ways", () => {
    const options = { maxHeaderListBytes: 1 << 17 };
    const pair = new Pair({ client: options, server: options });
    const large = HeaderList.of([
      [":status", "200"],
      ["x-large", "\u00ff".repeat(60_000)],
    ]);
    pair.server.log.onCall = (stream) => {
      stream.respond(large);
      stream.end(HeaderList.of([["x-large", "y".repeat(70_000)]]));
    };
    const { recorder } = pair.request();
    pair.settle();
    expect(recorder.headers?.get("x-large")).toHaveLength(60_000);
    expect(recorder.trailers?.get("x-large")).toHaveLength(70_000);
  });

  it("rejects malformed headers where they are made", () => {
    const pair = new Pair();
    const { client } = pair;
    const lists = [
      [["x-upper", "a\nb"]],
      [["X-Upper", "a"]],
      [["connection", "close"]],
      [["te", "gzip"]],
      [["x-a", "\u0100"]],
    ] as const;
    for (const fields of lists) {
      const list = HeaderList.of([
        [":method", "POST"],
        [":scheme", "http"],
        [":path", "/"],
        ...fields,
      ]);
      expect(() => client.connection.request(list, pair.request().recorder)).toThrow(TypeError);
    }
    expect(() => client.connection.request(trailers, pair.request().recorder)).toThrow(TypeError);
  });
});

describe("the end of a request", () => {
  it("is not told if a reset came with it", () => {
    const pair = new Pair();
    const { stream } = pair.request();
    pair.settle();
    stream.end();
    pair.loop.settle();
    stream.reset(CANCEL);
    pair.settle();
    const [call] = pair.server.log.requests;
    expect(call?.recorder.log).toEqual([`reset ${CANCEL}`]);
  });

  it("is told at once if none came", () => {
    const pair = new Pair();
    const { stream } = pair.request();
    stream.end();
    pair.settle();
    stream.reset(CANCEL);
    pair.settle();
    const [call] = pair.server.log.requests;
    expect(call?.recorder.log).toEqual(["end", `reset ${CANCEL}`]);
  });

  it("a client that cancels before anything was sent sends nothing", () => {
    const pair = new Pair();
    const { stream } = pair.request();
    stream.reset(CANCEL);
    pair.loop.settle();
    expect(pair.client.host.waiting).toBe(0);
    const second = pair.request();
    second.stream.end();
    pair.settle();
    expect(pair.server.log.requests.map((call) => call.stream.id)).toEqual([3]);
    expect(pair.server.log.violations).toEqual([]);
  });
});

describe("the end of a response", () => {
  it("stays complete when a reset comes right behind it", () => {
    const pair = new Pair();
    pair.server.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.write(new Uint8Array(100_000));
      stream.end(trailers);
      stream.resetAfterEnd(NO_ERROR);
      stream.release();
    };
    const { stream, recorder } = pair.request();
    stream.write(new Uint8Array(300_000));
    pair.settle();
    expect(recorder.log).toEqual(["headers 200", "data", "end"]);
    expect(recorder.bytes).toBe(100_000);
    expect(recorder.trailers?.get("grpc-status")).toBe("0");
    expect(stream.closed).toBe(true);
    expect(pair.server.connection.openStreams).toBe(0);
    expect(pair.server.log.violations).toEqual([]);
  });

  it("data that was on its way for a stream that we reset counts for the connection alone", () => {
    const pair = new Pair();
    for (let i = 0; i < 30; i++) {
      const { stream } = pair.request();
      stream.write(new Uint8Array(60_000));
      pair.loop.settle();
      pair.settle();
      pair.server.log.requests.at(-1)?.stream.reset(INTERNAL_ERROR);
      stream.write(new Uint8Array(60_000));
      pair.settle();
    }
    expect(pair.server.log.violations).toEqual([]);
    expect(pair.client.log.violations).toEqual([]);
    expect(pair.client.connection.closed).toBe(false);
  });
});

describe("slots", () => {
  it("are taken until the handler has returned, reset or not", () => {
    const pair = new Pair({ server: { maxConcurrentStreams: 2 } });
    pair.server.log.onCall = (_, recorder) => {
      recorder.autoRelease = false;
    };
    for (let i = 0; i < 2; i++) {
      const { stream } = pair.request();
      pair.settle();
      stream.reset(CANCEL);
      pair.settle();
    }
    const refused = pair.request();
    pair.settle();
    expect(refused.recorder.failure).toMatchObject({ code: REFUSED_STREAM, processed: false });
    for (const call of pair.server.log.requests) call.stream.release();
    const served = pair.request();
    pair.settle();
    expect(served.recorder.failure).toBeUndefined();
    expect(pair.server.log.requests).toHaveLength(3);
  });

  it("are known to the client", () => {
    const pair = new Pair({ server: { maxConcurrentStreams: 3 } });
    expect(pair.client.connection.freeSlots).toBe(3);
    for (let i = 0; i < 3; i++) pair.request();
    expect(pair.client.connection.canRequest).toBe(false);
    expect(() => pair.request()).toThrow("takes no more requests");
  });
});

describe("going away", () => {
  it("is graceful in two steps: what was on its way is served", () => {
    const pair = new Pair();
    const open = pair.request();
    pair.settle();
    pair.server.connection.shutdown("max_age");
    // Not yet known to the client.
    const late = pair.request();
    pair.settle();
    expect(pair.client.connection.isOpen).toBe(false);
    expect(pair.client.log.goaways.map(({ lastStreamId }) => lastStreamId)).toEqual([
      2 ** 31 - 1,
      3,
    ]);
    expect(pair.client.log.goaways[1]?.debug).toBe("max_age");
    expect(pair.server.log.requests).toHaveLength(2);
    expect(pair.client.host.ended).toBe(false);
    for (const { stream } of pair.server.log.requests) {
      stream.respond(responseHeaders);
      stream.end();
    }
    open.stream.end();
    late.stream.end();
    pair.settle();
    expect(open.recorder.log).toEqual(["headers 200", "end"]);
    expect(late.recorder.log).toEqual(["headers 200", "end"]);
    expect(pair.server.host.ended).toBe(true);
    expect(pair.client.host.ended).toBe(true);
    expect(pair.loop.timers).toBe(0);
  });

  it("fails what was never sent as not processed", () => {
    const pair = new Pair();
    const { recorder } = pair.request();
    pair.client.connection.transportClosed("gone");
    expect(recorder.failure).toMatchObject({ kind: "connection", processed: false });
  });

  it("fails what was sent as perhaps processed", () => {
    const pair = new Pair();
    const { recorder } = pair.request();
    pair.settle();
    pair.client.connection.transportClosed("gone");
    expect(recorder.failure).toMatchObject({ kind: "connection", processed: true });
  });

  it("a client closes when its calls have ended", () => {
    const pair = new Pair();
    pair.server.log.onCall = (stream) => stream.respond(responseHeaders);
    const { stream } = pair.request();
    pair.settle();
    pair.client.connection.shutdown();
    pair.settle();
    expect(pair.client.host.ended).toBe(false);
    stream.end();
    pair.server.log.requests[0]?.stream.end();
    pair.settle();
    expect(pair.client.host.ended).toBe(true);
    expect(pair.server.host.ended).toBe(true);
  });

  it("a client's GOAWAY goes behind its requests, and is sent once", () => {
    const loop = new VirtualLoop();
    const lone = new Lone(loop, makeClient(loop));
    lone.send(settings(), settingsAck);
    const { connection } = lone.end;
    connection.request(requestHeaders, new Recorder());
    connection.shutdown();
    connection.shutdown();
    const types = lone.received().map(({ type }) => type);
    expect(types).toEqual([FrameType.HEADERS, FrameType.GOAWAY]);
    expect(connection.isOpen).toBe(false);
    expect(lone.end.host.ended).toBe(false);
  });

  it("a client's GOAWAY is sent when the only request is reset before it has left", () => {
    const loop = new VirtualLoop();
    const lone = new Lone(loop, makeClient(loop));
    lone.send(settings(), settingsAck);
    const stream = lone.end.connection.request(requestHeaders, new Recorder());
    lone.end.connection.shutdown();
    stream.reset(CANCEL);
    expect(lone.received().map(({ type }) => type)).toEqual([FrameType.GOAWAY]);
    expect(lone.end.host.ended).toBe(true);
  });

  it("a server that a client leaves says what came last before it closes", () => {
    const loop = new VirtualLoop();
    const lone = new Lone(loop, makeServer(loop));
    lone.send(CLIENT_PREFACE, settings(), settingsAck);
    lone.end.log.onCall = (stream) => {
      stream.respond(responseHeaders);
      stream.end();
    };
    lone.send(lone.peer.headers(1, requestFields, { endStream: true }));
    const answer = lone.send(frame(FrameType.GOAWAY, 0, 0, [...uint32(0), ...uint32(NO_ERROR)]));
    expect(answer.map(({ type }) => type)).toEqual([FrameType.GOAWAY]);
    expect(Buffer.from(answer[0]?.payload ?? []).readUInt32BE(0)).toBe(1);
    expect(lone.end.host.ended).toBe(true);
  });

  it("destroy tells the peer why, and fails all", () => {
    const pair = new Pair();
    const { recorder } = pair.request();
    pair.settle();
    pair.server.connection.destroy(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
    pair.settle();
    expect(pair.client.log.goaways[0]).toMatchObject({ debug: "too_many_pings", code: 11 });
    expect(pair.server.log.requests[0]?.recorder.failure?.kind).toBe("connection");
    expect(recorder.failure).toBeUndefined();
    pair.client.connection.transportClosed("the server closed the connection");
    expect(recorder.failure).toMatchObject({ kind: "connection", code: 11, processed: true });
  });
});

describe("pings", () => {
  it("measure the round trip time", () => {
    const pair = new Pair();
    const answers: number[] = [];
    pair.client.connection.ping((rttMs) => answers.push(rttMs));
    pair.loop.settle();
    pair.loop.advance(40);
    pair.settle();
    expect(answers).toEqual([40]);
    expect(pair.client.connection.rttMs).toBe(40);
  });

  it("that come too soon close the connection, as in gRPC", () => {
    const pair = new Pair({ server: { minPingIntervalMs: 10_000 } });
    for (let i = 0; i < 4; i++) {
      pair.client.connection.ping(() => {});
      pair.settle();
      pair.loop.advance(1000);
    }
    expect(pair.client.log.goaways[0]).toMatchObject({ code: 11, debug: "too_many_pings" });
    expect(pair.server.log.violations[0]?.message).toBe("too_many_pings");
  });

  it("may come as often as they like while data is sent", () => {
    const pair = new Pair({ server: { minPingIntervalMs: 10_000 } });
    pair.server.log.onCall = (stream) => stream.respond(responseHeaders);
    pair.request();
    pair.settle();
    for (let i = 0; i < 20; i++) {
      pair.server.log.requests[0]?.stream.write(new Uint8Array(10));
      pair.settle();
      pair.client.connection.ping(() => {});
      pair.settle();
    }
    expect(pair.client.connection.closed).toBe(false);
  });
});
