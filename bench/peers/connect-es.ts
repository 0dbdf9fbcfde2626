// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { create } from "@bufbuild/protobuf";
import { type Client, createClient, type ServiceImpl, type Transport } from "@connectrpc/connect";
import { createWritableIterable } from "@connectrpc/connect/protocol";
import {
  connectNodeAdapter,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { BenchService, type Sample, SampleSchema } from "../gen/bench/v1/bench_pb.js";
import { callHeaders, clientCompression, serverAuth, serverCompression } from "./connect-setup.js";
import { listen } from "./listen.js";
import {
  type BenchClient,
  ENDLESS,
  type Load,
  type Peer,
  type Progress,
  type Setup,
} from "./peer.js";
import { plainSample } from "./samples.js";

/**
 * Connect-ES as it is, with its defaults: async generators on `connectNodeAdapter`, `createClient` on
 * a transport.
 */
export const connectEs: Peer = {
  serve(setup, progress) {
    const routes = connectNodeAdapter({
      ...serverCompression(setup),
      ...serverAuth(setup),
      routes: (router) => {
        router.service(BenchService, implementation(progress));
      },
    });
    return listen(http2.createServer({}, routes));
  },
  connect(port, setup) {
    return new ConnectClient(createClient(BenchService, transport(port, setup)), setup);
  },
};

const transports = {
  grpc: createGrpcTransport,
  connect: createConnectTransport,
  "grpc-web": createGrpcWebTransport,
};

function transport(port: number, setup: Setup): Transport {
  return transports[setup.protocol]({
    baseUrl: `http://127.0.0.1:${port}`,
    httpVersion: "2",
    ...clientCompression(setup),
  });
}

const message = (size: number, text = false) => create(SampleSchema, plainSample(size, text));

const implementation = (progress: Progress): ServiceImpl<typeof BenchService> => ({
  echo(sample) {
    return sample;
  },
  async *watch({ count, size, text }) {
    const sample = message(size, text);
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

async function* repeat({ count, size, text }: Load): AsyncGenerator<Sample> {
  const sample = message(size, text);
  for (let sent = 0; sent < count; sent++) yield sample;
}

async function countOf(messages: AsyncIterable<unknown>): Promise<number> {
  let received = 0;
  for await (const _ of messages) received++;
  return received;
}

class ConnectClient implements BenchClient {
  readonly #client: Client<typeof BenchService>;
  readonly #options: ReturnType<typeof callHeaders>;
  readonly #kept: unknown[] = [];

  constructor(client: Client<typeof BenchService>, setup: Setup) {
    this.#client = client;
    this.#options = callHeaders(setup);
  }

  async unary({ count, size, text }: Load): Promise<number> {
    const sample = message(size, text);
    let received = 0;
    for (let made = 0; made < count; made++) {
      const { sequence } = await this.#client.echo(sample, this.#options);
      if (sequence === sample.sequence) received++;
    }
    return received;
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#client.watch({ ...load }));
  }

  async collect(load: Load): Promise<number> {
    return (await this.#client.collect(repeat(load))).count;
  }

  exchange(load: Load): Promise<number> {
    return countOf(this.#client.exchange(repeat(load)));
  }

  async pingPong({ count, size, text }: Load): Promise<number> {
    const input = createWritableIterable<Sample>();
    const output = this.#client.exchange(input)[Symbol.asyncIterator]();
    const sample = message(size, text);
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
