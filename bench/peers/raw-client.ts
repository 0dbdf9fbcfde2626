// SPDX-License-Identifier: Apache-2.0
import type * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CollectResponseSchema,
  SampleSchema,
  WatchRequestSchema,
} from "../gen/bench/v1/bench_pb.js";
import { AUTHORIZATION, type BenchClient, ENDLESS, type Load, type Setup } from "./peer.js";
import { Gather, Scan } from "./raw-envelopes.js";
import { countOf, message, receive, sendAll, sendOnly } from "./raw-messages.js";

/** The media type of gRPC. */
export const GRPC = "application/grpc";
/** What the path of each method begins with. */
export const PATH = "/bench.v1.BenchService/";

/** The limit's client: one HTTP/2 session, and a stream for each call. */
export class RawClient implements BenchClient {
  readonly #session: http2.ClientHttp2Session;
  readonly #headers: http2.OutgoingHttpHeaders;

  constructor(session: http2.ClientHttp2Session, { auth }: Setup) {
    this.#session = session;
    this.#headers = auth ? { authorization: AUTHORIZATION } : {};
  }

  async unary({ count, size, text }: Load): Promise<number> {
    const sample = message(size, text);
    let received = 0;
    for (let made = 0; made < count; made++) {
      const stream = this.#request("Echo");
      sendOnly(stream, toBinary(SampleSchema, sample));
      received += await countOf(stream);
    }
    return received;
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#watch(load));
  }

  collect({ count, size, text }: Load): Promise<number> {
    const stream = this.#request("Collect");
    sendAll(stream, message(size, text), count);
    return new Promise((resolve, reject) => {
      const scan = new Scan((data) => resolve(fromBinary(CollectResponseSchema, data).count));
      stream.on("data", (chunk: Buffer) => scan.push(chunk));
      stream.on("error", reject);
    });
  }

  exchange({ count, size, text }: Load): Promise<number> {
    const stream = this.#request("Exchange");
    sendAll(stream, message(size, text), count);
    return countOf(stream);
  }

  pingPong({ count, size, text }: Load): Promise<number> {
    const stream = this.#request("Exchange");
    const gather = new Gather(stream);
    const sample = message(size, text);
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
    const stream = this.#watch({ count: ENDLESS, size, text: false });
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
    sendOnly(stream, toBinary(WatchRequestSchema, create(WatchRequestSchema, { ...load })));
    return stream;
  }

  #request(method: string): http2.ClientHttp2Stream {
    const head = {
      ":method": "POST",
      ":path": PATH + method,
      "content-type": GRPC,
      te: "trailers",
      ...this.#headers,
    };
    return this.#session.request(head);
  }
}
