// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { StreamObserver } from "connect-stream";
import { createStreamTransport, serve } from "connect-stream/node";
import { SampleSchema } from "../gen/bench/v1/bench_pb.js";
import {
  type BenchServiceHandler,
  createBenchServiceClient,
  registerBenchService,
} from "../gen/bench/v1/bench_stream.js";
import { type BenchClient, ENDLESS, type Load, type Peer, type Progress } from "./peer.js";
import { plainSample } from "./samples.js";

export const ours: Peer = ourPeer();

/**
 * Generated handlers on `serve`, generated clients on `createStreamTransport`, both with the options
 * given. Without compression: what would be measured is gzip, which grpc-js does not use unless told
 * to.
 */
export function ourPeer(options: { observer?: StreamObserver } = {}): Peer {
  return {
    async serve(progress) {
      const routes = (router: ConnectRouter) => {
        registerBenchService(router, handler(progress), options);
      };
      return (await serve({ routes, acceptCompression: [] })).port;
    },
    connect(port, protocol) {
      let socket: Socket | undefined;
      const createConnection = () => {
        socket = connect(port, "127.0.0.1");
        return socket;
      };
      const transport = createStreamTransport({
        baseUrl: `http://127.0.0.1:${port}`,
        protocol,
        nodeOptions: { createConnection },
        acceptCompression: [],
      });
      return new OurClient(createBenchServiceClient(transport, options), () => socket?.destroy());
    },
  };
}

const message = (size: number) => create(SampleSchema, plainSample(size));

const handler = (progress: Progress): BenchServiceHandler => ({
  async watch({ count, size }, stream) {
    const sample = message(size);
    for (let sent = 0; sent < count; sent++) {
      await stream.send(sample);
      progress.accepted++;
    }
  },
  async collect(stream) {
    let count = 0;
    while (await stream.recv()) count++;
    await stream.sendAndClose({ count });
  },
  async exchange(stream) {
    for (let sample = await stream.recv(); sample; sample = await stream.recv()) {
      await stream.send(sample);
    }
  },
});

class OurClient implements BenchClient {
  readonly #client: ReturnType<typeof createBenchServiceClient>;
  readonly close: () => void;
  readonly #kept: unknown[] = [];

  constructor(client: ReturnType<typeof createBenchServiceClient>, close: () => void) {
    this.#client = client;
    this.close = close;
  }

  async watch(load: Load): Promise<number> {
    const stream = this.#client.watch({ ...load });
    let received = 0;
    while (await stream.recv()) received++;
    return received;
  }

  async collect({ count, size }: Load): Promise<number> {
    const stream = this.#client.collect();
    const sample = message(size);
    for (let sent = 0; sent < count; sent++) await stream.send(sample);
    return (await stream.closeAndRecv()).count;
  }

  async exchange({ count, size }: Load): Promise<number> {
    const stream = this.#client.exchange();
    const sample = message(size);
    const sending = (async () => {
      for (let sent = 0; sent < count; sent++) await stream.send(sample);
      await stream.closeSend();
    })();
    let received = 0;
    while (await stream.recv()) received++;
    await sending;
    return received;
  }

  async pingPong({ count, size }: Load): Promise<number> {
    const stream = this.#client.exchange();
    const sample = message(size);
    let received = 0;
    while (received < count) {
      await stream.send(sample);
      if (!(await stream.recv())) break;
      received++;
    }
    await stream.closeSend();
    await stream.recv();
    return received;
  }

  async idle(): Promise<void> {
    const stream = this.#client.exchange();
    this.#kept.push(stream);
    await stream.send(message(0));
    await stream.recv();
    // As a reader does: wait for what may come.
    stream.recv().catch(() => undefined);
  }

  async stall(size: number): Promise<void> {
    const stream = this.#client.watch({ count: ENDLESS, size });
    this.#kept.push(stream);
    await stream.recv();
  }
}
