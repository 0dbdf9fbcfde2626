// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { RpcObserver } from "connect-stream";
import { createStreamTransport, serve } from "connect-stream/node";
import { SampleSchema } from "../gen/bench/v1/bench_pb.js";
import {
  type BenchServiceHandler,
  createBenchServiceClient,
  registerBenchService,
} from "../gen/bench/v1/bench_stream.js";
import { callHeaders, clientCompression, serverAuth, serverCompression } from "./connect-setup.js";
import { type BenchClient, ENDLESS, type Load, type Peer, type Progress } from "./peer.js";
import { plainSample } from "./samples.js";

export const ours: Peer = ourPeer();

/**
 * Generated handlers on `serve`, generated clients on `createStreamTransport`, both with their
 * defaults, and with the options given.
 */
export function ourPeer(options: { observer?: RpcObserver } = {}): Peer {
  return {
    async serve(setup, progress) {
      const routes = (router: ConnectRouter) => {
        registerBenchService(router, handler(progress), options);
      };
      const server = await serve({ routes, ...serverCompression(setup), ...serverAuth(setup) });
      return server.port;
    },
    connect(port, setup) {
      const transport = createStreamTransport({
        baseUrl: `http://127.0.0.1:${port}`,
        protocol: setup.protocol,
        ...clientCompression(setup),
      });
      return new OurClient(createBenchServiceClient(transport, options), callHeaders(setup));
    },
  };
}

const message = (size: number, text = false) => create(SampleSchema, plainSample(size, text));

const handler = (progress: Progress): BenchServiceHandler => ({
  async echo(sample) {
    return sample;
  },
  async watch({ count, size, text }, stream) {
    const sample = message(size, text);
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
  readonly #options: ReturnType<typeof callHeaders>;
  readonly #kept: unknown[] = [];

  constructor(
    client: ReturnType<typeof createBenchServiceClient>,
    options: ReturnType<typeof callHeaders>,
  ) {
    this.#client = client;
    this.#options = options;
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

  async watch(load: Load): Promise<number> {
    const stream = this.#client.watch({ ...load });
    let received = 0;
    while (await stream.recv()) received++;
    return received;
  }

  async collect({ count, size, text }: Load): Promise<number> {
    const stream = this.#client.collect();
    const sample = message(size, text);
    for (let sent = 0; sent < count; sent++) await stream.send(sample);
    return (await stream.closeAndRecv()).count;
  }

  async exchange({ count, size, text }: Load): Promise<number> {
    const stream = this.#client.exchange();
    const sample = message(size, text);
    const sending = (async () => {
      for (let sent = 0; sent < count; sent++) await stream.send(sample);
      await stream.closeSend();
    })();
    let received = 0;
    while (await stream.recv()) received++;
    await sending;
    return received;
  }

  async pingPong({ count, size, text }: Load): Promise<number> {
    const stream = this.#client.exchange();
    const sample = message(size, text);
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
