// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { create } from "@bufbuild/protobuf";
import { type Client, createClient, type ServiceImpl } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { BenchService, type Sample, SampleSchema } from "../gen/bench/v1/bench_pb.js";
import { listen } from "./listen.js";
import { type BenchClient, ENDLESS, type Load, type Peer, type Progress } from "./peer.js";
import { plainSample } from "./samples.js";

/**
 * Connect-ES as it is: async generators on `connectNodeAdapter`, `createClient` on a transport.
 * Without compression, as for ours.
 */
export const connectEs: Peer = {
  serve(progress) {
    const routes = connectNodeAdapter({
      acceptCompression: [],
      routes: (router) => {
        router.service(BenchService, implementation(progress));
      },
    });
    return listen(http2.createServer({}, routes));
  },
  connect(port, protocol) {
    const baseUrl = `http://127.0.0.1:${port}`;
    const sessionManager = new Http2SessionManager(baseUrl);
    const options = {
      baseUrl,
      httpVersion: "2" as const,
      sessionManager,
      acceptCompression: [],
    };
    const transport =
      protocol === "grpc" ? createGrpcTransport(options) : createConnectTransport(options);
    return new ConnectClient(createClient(BenchService, transport), () => sessionManager.abort());
  },
};

const message = (size: number) => create(SampleSchema, plainSample(size));

const implementation = (progress: Progress): ServiceImpl<typeof BenchService> => ({
  async *watch({ count, size }) {
    const sample = message(size);
    for (let sent = 0; sent < count; sent++) {
      yield sample;
      progress.accepted++;
    }
  },
  async collect(samples) {
    let count = 0;
    for await (const _ of samples) count++;
    return { count };
  },
  async *exchange(samples) {
    for await (const sample of samples) yield sample;
  },
});

async function* repeat(sample: Sample, count: number): AsyncGenerator<Sample> {
  for (let sent = 0; sent < count; sent++) yield sample;
}

async function countOf(messages: AsyncIterable<unknown>): Promise<number> {
  let received = 0;
  for await (const _ of messages) received++;
  return received;
}

class ConnectClient implements BenchClient {
  readonly #client: Client<typeof BenchService>;
  readonly close: () => void;
  readonly #kept: unknown[] = [];

  constructor(client: Client<typeof BenchService>, close: () => void) {
    this.#client = client;
    this.close = close;
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#client.watch({ ...load }));
  }

  async collect({ count, size }: Load): Promise<number> {
    return (await this.#client.collect(repeat(message(size), count))).count;
  }

  exchange({ count, size }: Load): Promise<number> {
    return countOf(this.#client.exchange(repeat(message(size), count)));
  }

  async pingPong({ count, size }: Load): Promise<number> {
    const input = createWritableIterable<Sample>();
    const output = this.#client.exchange(input)[Symbol.asyncIterator]();
    const sample = message(size);
    let received = 0;
    while (received < count) {
      void input.write(sample);
      if ((await output.next()).done) break;
      received++;
    }
    input.close();
    await output.next();
    return received;
  }

  async idle(): Promise<void> {
    const input = createWritableIterable<Sample>();
    const output = this.#client.exchange(input)[Symbol.asyncIterator]();
    this.#kept.push(input, output);
    void input.write(message(0));
    await output.next();
    // As a reader does: wait for what may come.
    output.next().catch(() => undefined);
  }

  async stall(size: number): Promise<void> {
    const output = this.#client.watch({ count: ENDLESS, size })[Symbol.asyncIterator]();
    this.#kept.push(output);
    await output.next();
  }
}
