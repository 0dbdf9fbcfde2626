// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CollectResponseSchema,
  type Sample,
  SampleSchema,
  WatchRequestSchema,
} from "../gen/bench/v1/bench_pb.js";
import { listen } from "./listen.js";
import { type BenchClient, ENDLESS, type Load, type Peer, type Progress } from "./peer.js";
import { Gather, Scan } from "./raw-envelopes.js";
import { plainSample } from "./samples.js";

const GRPC = "application/grpc";
const PATH = "/bench.v1.BenchService/";

/**
 * The limit: `node:http2` and protobuf-es with nothing in between. No errors, no deadlines, no
 * promises; one write for as many envelopes as fit.
 */
export const raw: Peer = {
  serve(progress) {
    const server = http2.createServer();
    server.on("stream", (stream, headers) => {
      stream.respond({ ":status": 200, "content-type": GRPC }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
      stream.on("error", () => undefined);
      serveCall(stream, String(headers[":path"]).slice(PATH.length), progress);
    });
    return listen(server);
  },
  connect(port) {
    return new RawClient(http2.connect(`http://127.0.0.1:${port}`));
  },
};

const message = (size: number) => create(SampleSchema, plainSample(size));

function serveCall(stream: http2.ServerHttp2Stream, method: string, progress: Progress): void {
  if (method === "Watch") {
    const scan = new Scan((data) => {
      const { count, size } = fromBinary(WatchRequestSchema, data);
      sendAll(stream, message(size), count, progress);
    });
    stream.on("data", (chunk: Buffer) => scan.push(chunk));
    return;
  }
  if (method === "Collect") {
    let count = 0;
    receive(stream, () => count++);
    stream.on("end", () => {
      const gather = new Gather(stream);
      gather.add(toBinary(CollectResponseSchema, create(CollectResponseSchema, { count })));
      gather.flush();
      stream.end();
    });
    return;
  }
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

function sendAll(
  stream: http2.Http2Stream,
  sample: Sample,
  count: number,
  progress?: Progress,
): void {
  const gather = new Gather(stream);
  let sent = 0;
  const fill = () => {
    while (sent < count) {
      sent++;
      if (progress) progress.accepted++;
      if (!gather.add(toBinary(SampleSchema, sample))) return;
    }
    stream.off("drain", fill);
    gather.flush();
    stream.end();
  };
  stream.on("drain", fill);
  fill();
}

function receive(stream: http2.Http2Stream, got: () => void): void {
  const scan = new Scan((data) => {
    fromBinary(SampleSchema, data);
    got();
  });
  stream.on("data", (chunk: Buffer) => scan.push(chunk));
}

function countOf(stream: http2.Http2Stream): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    receive(stream, () => received++);
    stream.on("end", () => resolve(received));
    stream.on("error", reject);
  });
}

class RawClient implements BenchClient {
  readonly #session: http2.ClientHttp2Session;

  constructor(session: http2.ClientHttp2Session) {
    this.#session = session;
  }

  close(): void {
    this.#session.destroy();
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#watch(load));
  }

  collect({ count, size }: Load): Promise<number> {
    const stream = this.#request("Collect");
    sendAll(stream, message(size), count);
    return new Promise((resolve, reject) => {
      const scan = new Scan((data) => resolve(fromBinary(CollectResponseSchema, data).count));
      stream.on("data", (chunk: Buffer) => scan.push(chunk));
      stream.on("error", reject);
    });
  }

  exchange({ count, size }: Load): Promise<number> {
    const stream = this.#request("Exchange");
    sendAll(stream, message(size), count);
    return countOf(stream);
  }

  pingPong({ count, size }: Load): Promise<number> {
    const stream = this.#request("Exchange");
    const gather = new Gather(stream);
    const sample = message(size);
    const send = () => {
      gather.add(toBinary(SampleSchema, sample));
      gather.flush();
    };
    let received = 0;
    receive(stream, () => {
      received++;
      if (received < count) send();
      else stream.end();
    });
    send();
    return new Promise((resolve, reject) => {
      stream.on("end", () => resolve(received));
      stream.on("error", reject);
    });
  }

  idle(): Promise<void> {
    const stream = this.#request("Exchange");
    const gather = new Gather(stream);
    gather.add(toBinary(SampleSchema, message(0)));
    gather.flush();
    stream.on("error", () => undefined);
    return new Promise((resolve) => receive(stream, resolve));
  }

  stall(size: number): Promise<void> {
    const stream = this.#watch({ count: ENDLESS, size });
    stream.on("error", () => undefined);
    return new Promise((resolve) => {
      receive(stream, () => {
        stream.pause();
        resolve();
      });
    });
  }

  #watch(load: Load): http2.ClientHttp2Stream {
    const stream = this.#request("Watch");
    const gather = new Gather(stream);
    gather.add(toBinary(WatchRequestSchema, create(WatchRequestSchema, { ...load })));
    gather.flush();
    stream.end();
    return stream;
  }

  #request(method: string): http2.ClientHttp2Stream {
    const head = {
      ":method": "POST",
      ":path": PATH + method,
      "content-type": GRPC,
      te: "trailers",
    };
    return this.#session.request(head);
  }
}
