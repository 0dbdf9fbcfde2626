// SPDX-License-Identifier: Apache-2.0

import { createWritableIterable } from "@connectrpc/connect/protocol";
import type { MethodDefinition as GrpcMethod } from "@grpc/grpc-js";
import {
  createChannel,
  createClient,
  createServer,
  type MethodDefinition,
  type RawClient,
  type ServiceImplementation,
} from "nice-grpc";
import { loadService } from "./grpc-js-service.js";
import { type BenchClient, ENDLESS, type Load, type Peer, type Progress } from "./peer.js";
import { type PlainSample, plainSample } from "./samples.js";

interface Count {
  readonly count: number;
}

/** nice-grpc as its guide shows it, with the messages of `@grpc/proto-loader`. */
export const niceGrpc: Peer = {
  async serve(progress) {
    const server = createServer();
    server.add(definition(), implementation(progress));
    return server.listen("127.0.0.1:0");
  },
  connect(port) {
    // A connection of its own; by default all clients of a process share one.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const channel = createChannel(`127.0.0.1:${port}`, undefined, options);
    return new NiceClient(createClient(definition(), channel), () => channel.close());
  },
};

type Definition = ReturnType<typeof definition>;

function definition() {
  const { service } = loadService();
  return {
    watch: streaming<Load, PlainSample, false, true>(service.Watch, false, true),
    collect: streaming<PlainSample, Count, true, false>(service.Collect, true, false),
    exchange: streaming<PlainSample, PlainSample, true, true>(service.Exchange, true, true),
  };
}

function streaming<I, O, IS extends boolean, OS extends boolean>(
  method: GrpcMethod<I, O> | undefined,
  requestStream: IS,
  responseStream: OS,
): MethodDefinition<I, I, O, O, IS, OS> {
  if (!method) throw new Error("the bench service lacks a method");
  const { path, requestSerialize, responseSerialize } = method;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize,
    responseSerialize,
    requestDeserialize: (bytes) => method.requestDeserialize(Buffer.from(bytes)),
    responseDeserialize: (bytes) => method.responseDeserialize(Buffer.from(bytes)),
    options: {},
  };
}

const implementation = (progress: Progress): ServiceImplementation<Definition> => ({
  async *watch({ count, size }) {
    const sample = plainSample(size);
    for (let sent = 0; sent < count; sent++) {
      yield sample;
      progress.accepted++;
    }
  },
  async collect(samples) {
    return { count: await countOf(samples) };
  },
  async *exchange(samples) {
    for await (const sample of samples) yield sample;
  },
});

async function* repeat(sample: PlainSample, count: number): AsyncGenerator<PlainSample> {
  for (let sent = 0; sent < count; sent++) yield sample;
}

async function countOf(messages: AsyncIterable<unknown>): Promise<number> {
  let received = 0;
  for await (const _ of messages) received++;
  return received;
}

class NiceClient implements BenchClient {
  readonly #client: RawClient<Definition>;
  readonly close: () => void;
  readonly #kept: unknown[] = [];

  constructor(client: RawClient<Definition>, close: () => void) {
    this.#client = client;
    this.close = close;
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#client.watch(load));
  }

  async collect({ count, size }: Load): Promise<number> {
    return (await this.#client.collect(repeat(plainSample(size), count))).count;
  }

  exchange({ count, size }: Load): Promise<number> {
    return countOf(this.#client.exchange(repeat(plainSample(size), count)));
  }

  async pingPong({ count, size }: Load): Promise<number> {
    const input = createWritableIterable<PlainSample>();
    const output = this.#client.exchange(input)[Symbol.asyncIterator]();
    const sample = plainSample(size);
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
    const input = createWritableIterable<PlainSample>();
    const output = this.#client.exchange(input)[Symbol.asyncIterator]();
    this.#kept.push(input, output);
    void input.write(plainSample(0));
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
