// SPDX-License-Identifier: Apache-2.0

import { createWritableIterable } from "@connectrpc/connect/protocol";
import { type MethodDefinition as GrpcMethod, status } from "@grpc/grpc-js";
import {
  createChannel,
  createClient,
  createServer,
  type MethodDefinition,
  type RawClient,
  type ServiceImplementation,
} from "nice-grpc";
import { Metadata, ServerError, type ServerMiddleware } from "nice-grpc-common";
import { loadService } from "./grpc-js-service.js";
import {
  AUTHORIZATION,
  type BenchClient,
  ENDLESS,
  type Load,
  type Peer,
  type Progress,
  type Setup,
} from "./peer.js";
import { type PlainSample, plainSample } from "./samples.js";

interface Count {
  readonly count: number;
}

/** nice-grpc as its guide shows it, with the messages of `@grpc/proto-loader`. */
export const niceGrpc: Peer = {
  async serve({ auth }, progress) {
    const server = auth ? createServer().use(authenticate) : createServer();
    server.add(definition(), implementation(progress));
    return server.listen("127.0.0.1:0");
  },
  connect(port, setup) {
    // A connection of its own; by default all clients of a process share one.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const channel = createChannel(`127.0.0.1:${port}`, undefined, options);
    return new NiceClient(createClient(definition(), channel), setup);
  },
};

const authenticate: ServerMiddleware = async function* (call, context) {
  if (context.metadata.get("authorization") !== AUTHORIZATION) {
    throw new ServerError(status.UNAUTHENTICATED, "who are you?");
  }
  return yield* call.next(call.request, context);
};

type Definition = ReturnType<typeof definition>;

function definition() {
  const { service } = loadService();
  return {
    echo: method<PlainSample, PlainSample, false, false>(service.Echo, false, false),
    watch: method<Load, PlainSample, false, true>(service.Watch, false, true),
    collect: method<PlainSample, Count, true, false>(service.Collect, true, false),
    exchange: method<PlainSample, PlainSample, true, true>(service.Exchange, true, true),
  };
}

function method<I, O, IS extends boolean, OS extends boolean>(
  rpc: GrpcMethod<I, O> | undefined,
  requestStream: IS,
  responseStream: OS,
): MethodDefinition<I, I, O, O, IS, OS> {
  if (!rpc) throw new Error("the bench service lacks a method");
  const { path, requestSerialize, responseSerialize } = rpc;
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize,
    responseSerialize,
    requestDeserialize: (bytes) => rpc.requestDeserialize(Buffer.from(bytes)),
    responseDeserialize: (bytes) => rpc.responseDeserialize(Buffer.from(bytes)),
    options: {},
  };
}

const implementation = (progress: Progress): ServiceImplementation<Definition> => ({
  async echo(sample) {
    return sample;
  },
  async *watch({ count, size, text }) {
    const sample = plainSample(size, text);
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

async function* repeat({ count, size, text }: Load): AsyncGenerator<PlainSample> {
  const sample = plainSample(size, text);
  for (let sent = 0; sent < count; sent++) yield sample;
}

async function countOf(messages: AsyncIterable<unknown>): Promise<number> {
  let received = 0;
  for await (const _ of messages) received++;
  return received;
}

class NiceClient implements BenchClient {
  readonly #client: RawClient<Definition>;
  readonly #options: { metadata?: Metadata };
  readonly #kept: unknown[] = [];

  constructor(client: RawClient<Definition>, { auth }: Setup) {
    this.#client = client;
    this.#options = auth ? { metadata: Metadata({ authorization: AUTHORIZATION }) } : {};
  }

  async unary({ count, size, text }: Load): Promise<number> {
    const sample = plainSample(size, text);
    let received = 0;
    for (let made = 0; made < count; made++) {
      const { sequence } = await this.#client.echo(sample, this.#options);
      if (sequence === sample.sequence) received++;
    }
    return received;
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#client.watch(load));
  }

  async collect(load: Load): Promise<number> {
    return (await this.#client.collect(repeat(load))).count;
  }

  exchange(load: Load): Promise<number> {
    return countOf(this.#client.exchange(repeat(load)));
  }

  async pingPong({ count, size, text }: Load): Promise<number> {
    const input = createWritableIterable<PlainSample>();
    const output = this.#client.exchange(input)[Symbol.asyncIterator]();
    const sample = plainSample(size, text);
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
    const output = this.#client
      .watch({ count: ENDLESS, size, text: false })
      [Symbol.asyncIterator]();
    this.#kept.push(output);
    await output.next();
  }
}
