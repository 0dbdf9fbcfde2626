// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
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

interface Sender {
  write(sample: PlainSample): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** grpc-js as its guide shows it: `write` until it says false, then "drain"; "data" events. */
export const grpcJs: Peer = {
  serve({ auth }, progress) {
    const server = new grpc.Server(auth ? { interceptors: [authenticate] } : {});
    server.addService(loadService().service, implementation(progress));
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
  connect(port, setup) {
    // A connection of its own; by default all clients of a process share one.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const credentials = grpc.credentials.createInsecure();
    return new GrpcClient(new (loadService())(`127.0.0.1:${port}`, credentials, options), setup);
  },
};

const authenticate: grpc.ServerInterceptor = (_method, call) =>
  new grpc.ServerInterceptingCall(call, {
    start(next) {
      next({
        onReceiveMetadata(metadata, proceed) {
          if (metadata.get("authorization")[0] === AUTHORIZATION) proceed(metadata);
          else call.sendStatus({ code: grpc.status.UNAUTHENTICATED, details: "who are you?" });
        },
      });
    },
  });

/** Sends as fast as flow control lets it. */
async function sendAll(call: Sender, load: Load, progress?: Progress): Promise<void> {
  const { count, size, text } = load;
  const sample = plainSample(size, text);
  for (let sent = 0; sent < count; sent++) {
    if (!call.write(sample)) await new Promise<void>((resolve) => call.once("drain", resolve));
    if (progress) progress.accepted++;
  }
}

const implementation = (progress: Progress): grpc.UntypedServiceImplementation => ({
  echo(
    { request }: grpc.ServerUnaryCall<PlainSample, PlainSample>,
    answer: grpc.sendUnaryData<PlainSample>,
  ) {
    answer(null, request);
  },
  watch(call: grpc.ServerWritableStream<Load, PlainSample>) {
    void sendAll(call, call.request, progress).then(() => call.end());
  },
  collect(
    call: grpc.ServerReadableStream<PlainSample, { count: number }>,
    answer: grpc.sendUnaryData<{ count: number }>,
  ) {
    let count = 0;
    call.on("data", () => count++);
    call.on("end", () => answer(null, { count }));
  },
  exchange(call: grpc.ServerDuplexStream<PlainSample, PlainSample>) {
    call.on("data", (sample: PlainSample) => {
      if (call.write(sample)) return;
      call.pause();
      call.once("drain", () => call.resume());
    });
    call.on("end", () => call.end());
  },
});

type Duplex = grpc.ClientDuplexStream<PlainSample, PlainSample>;

type UnaryMethod = (
  request: PlainSample,
  metadata: grpc.Metadata,
  answer: (error: Error | null, response: PlainSample) => void,
) => void;

class GrpcClient implements BenchClient {
  readonly #client: grpc.Client;
  readonly #metadata = new grpc.Metadata();
  readonly #kept: unknown[] = [];

  constructor(client: grpc.Client, { auth }: Setup) {
    this.#client = client;
    if (auth) this.#metadata.set("authorization", AUTHORIZATION);
  }

  async unary({ count, size, text }: Load): Promise<number> {
    const sample = plainSample(size, text);
    const echo: UnaryMethod = Reflect.get(this.#client, "echo").bind(this.#client);
    let received = 0;
    for (let made = 0; made < count; made++) {
      const response = await new Promise<PlainSample>((resolve, reject) => {
        echo(sample, this.#metadata, (error, response) =>
          error ? reject(error) : resolve(response),
        );
      });
      if (response.sequence === sample.sequence) received++;
    }
    return received;
  }

  watch(load: Load): Promise<number> {
    return countOf(this.#watch(load));
  }

  collect(load: Load): Promise<number> {
    return new Promise((resolve, reject) => {
      const call: grpc.ClientWritableStream<PlainSample> = Reflect.get(
        this.#client,
        "collect",
      ).call(this.#client, (error: Error | null, response: { count: number }) =>
        error ? reject(error) : resolve(response.count),
      );
      void sendAll(call, load).then(() => call.end());
    });
  }

  exchange(load: Load): Promise<number> {
    const call = this.#exchange();
    void sendAll(call, load).then(() => call.end());
    return countOf(call);
  }

  pingPong({ count, size, text }: Load): Promise<number> {
    const call = this.#exchange();
    const sample = plainSample(size, text);
    let received = 0;
    call.on("data", () => {
      received++;
      if (received < count) call.write(sample);
      else call.end();
    });
    call.write(sample);
    return new Promise((resolve, reject) => {
      call.on("end", () => resolve(received));
      call.on("error", reject);
    });
  }

  async idle(): Promise<void> {
    const call = this.#exchange();
    this.#kept.push(call);
    call.on("error", () => undefined);
    call.write(plainSample(0));
    await once(call, "data");
  }

  async stall(size: number): Promise<void> {
    const call = this.#watch({ count: ENDLESS, size, text: false });
    this.#kept.push(call);
    call.on("error", () => undefined);
    await once(call, "data");
    call.pause();
  }

  #watch(load: Load): grpc.ClientReadableStream<PlainSample> {
    return Reflect.get(this.#client, "watch").call(this.#client, load);
  }

  #exchange(): Duplex {
    return Reflect.get(this.#client, "exchange").call(this.#client);
  }
}

function countOf(call: grpc.ClientReadableStream<PlainSample>): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    call.on("data", () => received++);
    call.on("end", () => resolve(received));
    call.on("error", reject);
  });
}
