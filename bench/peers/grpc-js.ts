// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as grpc from "@grpc/grpc-js";
import { loadService } from "./grpc-js-service.js";
import { type BenchClient, ENDLESS, type Load, type Peer, type Progress } from "./peer.js";
import { type PlainSample, plainSample } from "./samples.js";

interface Sender {
  write(sample: PlainSample): boolean;
  once(event: "drain", listener: () => void): unknown;
}

/** grpc-js as its guide shows it: `write` until it says false, then "drain"; "data" events. */
export const grpcJs: Peer = {
  serve(progress) {
    const server = new grpc.Server();
    server.addService(loadService().service, implementation(progress));
    return new Promise((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  },
  connect(port) {
    // A connection of its own; by default all clients of a process share one.
    const options = { "grpc.use_local_subchannel_pool": 1 };
    const credentials = grpc.credentials.createInsecure();
    return new GrpcClient(new (loadService())(`127.0.0.1:${port}`, credentials, options));
  },
};

/** Sends as fast as flow control lets it. */
async function sendAll(call: Sender, { count, size }: Load, progress?: Progress): Promise<void> {
  const sample = plainSample(size);
  for (let sent = 0; sent < count; sent++) {
    if (!call.write(sample)) await new Promise<void>((resolve) => call.once("drain", resolve));
    if (progress) progress.accepted++;
  }
}

const implementation = (progress: Progress): grpc.UntypedServiceImplementation => ({
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

class GrpcClient implements BenchClient {
  readonly #client: grpc.Client;
  readonly #kept: unknown[] = [];

  constructor(client: grpc.Client) {
    this.#client = client;
  }

  close(): void {
    this.#client.close();
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

  pingPong({ count, size }: Load): Promise<number> {
    const call = this.#exchange();
    const sample = plainSample(size);
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
    const call = this.#watch({ count: ENDLESS, size });
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
