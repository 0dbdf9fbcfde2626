// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CollectResponseSchema,
  SampleSchema,
  WatchRequestSchema,
} from "../gen/bench/v1/bench_pb.js";
import { listen } from "./listen.js";
import { AUTHORIZATION, type Peer, type Progress } from "./peer.js";
import { GRPC, PATH, RawClient } from "./raw-client.js";
import { Gather, Scan } from "./raw-envelopes.js";
import { message, receive, sendAll, sendOnly } from "./raw-messages.js";

/**
 * The limit: `node:http2` and protobuf-es with nothing in between. No errors, no deadlines, no
 * promises; one write for as many envelopes as fit.
 */
export const raw: Peer = {
  serve({ auth }, progress) {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => {
      if (auth && headers.authorization !== AUTHORIZATION) throw new Error("who are you?");
      stream.respond({ ":status": 200, "content-type": GRPC }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.on("error", () => undefined);
      serveCall(stream, String(headers[":path"]).slice(PATH.length), progress);
    });
    return listen(server);
  },
  connect(port, setup) {
    return new RawClient(http2.connect(`http://127.0.0.1:${port}`), setup);
  },
};

function serveCall(stream: http2.ServerHttp2Stream, method: string, progress: Progress): void {
  switch (method) {
    case "Echo":
      return serveEcho(stream);
    case "Watch":
      return serveWatch(stream, progress);
    case "Collect":
      return serveCollect(stream);
    default:
      return serveExchange(stream);
  }
}

function serveEcho(stream: http2.ServerHttp2Stream): void {
  const scan = new Scan((data) => {
    sendOnly(stream, toBinary(SampleSchema, fromBinary(SampleSchema, data)));
  });
  stream.on("data", (chunk: Buffer) => scan.push(chunk));
}

function serveWatch(stream: http2.ServerHttp2Stream, progress: Progress): void {
  const scan = new Scan((data) => {
    const { count, size, text } = fromBinary(WatchRequestSchema, data);
    sendAll(stream, message(size, text), count, progress);
  });
  stream.on("data", (chunk: Buffer) => scan.push(chunk));
}

function serveCollect(stream: http2.ServerHttp2Stream): void {
  let count = 0;
  receive(stream, () => count++);
  stream.on("end", () => {
    sendOnly(stream, toBinary(CollectResponseSchema, create(CollectResponseSchema, { count })));
  });
}

function serveExchange(stream: http2.ServerHttp2Stream): void {
  const gather = new Gather(stream);
  stream.on("drain", () => stream.resume());
  const scan = new Scan((data) => {
    gather.add(toBinary(SampleSchema, fromBinary(SampleSchema, data)));
  });
  stream.on("data", (chunk: Buffer) => {
    scan.push(chunk);
    if (!gather.flush()) stream.pause();
  });
  stream.on("end", () => stream.end());
}
