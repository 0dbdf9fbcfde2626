// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import { createStreamTransport, type StreamTransportOptions } from "connect-stream/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, type BenchCall, type Case, cases } from "./cases.js";
import { exceptionOf } from "./exceptions.js";
import {
  createObserverServiceClient,
  type ObserverServiceClient,
} from "./gen/interop/v1/interop_stream.js";
import { startMeter } from "./meter.js";
import type { CallInit, DialOptions, Peer, PeerClient, PeerServer, Wire } from "./peer.js";

/** Who calls whom, and how. */
export interface Pair {
  readonly client: Peer;
  readonly server: Peer;
  readonly wire: Wire;
  /** Between the two. */
  readonly proxy?: ProxyKind;
}

/** A proxy, as the tests use it. */
export interface ProxyKind {
  readonly name: string;
  missing(): string | undefined;
  start(server: PeerServer, wire: Wire): Promise<PeerServer>;
}

/** The pairs of a client and a server on each wire that both speak. */
export function pairsOf(clients: readonly Peer[], servers: readonly Peer[]): Pair[] {
  return clients.flatMap((client) =>
    servers.flatMap((server) =>
      (client.client?.wires ?? [])
        .filter((wire) => server.server?.wires.includes(wire))
        .map((wire) => ({ client, server, wire })),
    ),
  );
}

/** Runs all cases with each pair. */
export function describePairs(pairs: readonly Pair[]): void {
  for (const pair of pairs) {
    const { client, server, wire, proxy } = pair;
    const via = proxy ? ` through ${proxy.name}` : "";
    const name = `${client.name} to ${server.name}${via}, ${wire.protocol} over HTTP/${wire.http}`;
    describe(name, () => describePair(pair, name));
  }
}

function describePair(pair: Pair, name: string): void {
  const missing = [pair.client, pair.server, pair.proxy].find((part) => part?.missing?.());
  const reason = missing?.missing?.();
  if (reason && process.env.CI_REQUIRE_PEERS === "1") {
    return it("can run", () => expect.unreachable(reason));
  }
  if (reason) {
    console.warn(`skipped: ${name}: ${reason}`);
    return it.skip(`skipped: ${reason}`);
  }
  const bench = new PairBench(pair);
  beforeAll(() => bench.start());
  afterAll(() => bench.stop());
  for (const one of cases) {
    if (!possible(pair, one)) continue;
    const exception = exceptionOf(pair, one);
    const test = one.waits || pair.proxy ? it.concurrent : it;
    if (exception) test(one.name, ({ skip }) => skip(exception));
    else test(one.name, () => one.run(bench));
  }
}

/** Whether the protocol, or the client, has RPCs of that kind. */
function possible({ client, wire }: Pair, { kind }: Case): boolean {
  const kinds = client.client?.kinds;
  if (kinds && !kinds.includes(kind)) return false;
  return kind !== "bidi_streaming" || wire.http === "2";
}

class PairBench implements Bench {
  readonly #pair: Pair;
  readonly #opened: (() => Promise<void>)[] = [];
  #url = "";
  #client: PeerClient | undefined;
  #observer: ObserverServiceClient | undefined;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  async start(): Promise<void> {
    const { server, wire, proxy } = this.#pair;
    if (!server.server) throw new Error(`${server.name} has no server`);
    const started = await server.server.start(wire);
    this.#opened.push(() => started.close());
    const target = (await proxy?.start(started, wire)) ?? started;
    if (target !== started) this.#opened.push(() => target.close());
    this.#url = target.url;
    this.#client = await this.#dial(target.url, false);
    const transport = createStreamTransport({
      baseUrl: started.url,
      protocol: wire.protocol,
      httpVersion: wire.http,
    } as StreamTransportOptions);
    this.#observer = createObserverServiceClient(transport);
  }

  async stop(): Promise<void> {
    for (const close of this.#opened.reverse()) await close();
  }

  async open(method: DescMethod, init?: Partial<CallInit>): Promise<BenchCall> {
    if (!this.#client) throw new Error("not started");
    return this.#open(this.#client, method, init);
  }

  async metered(method: DescMethod) {
    const meter = await startMeter(this.#url);
    this.#opened.push(() => meter.close());
    const client = await this.#dial(meter.url, true);
    return { call: await this.#open(client, method), bytes: () => meter.bytes() };
  }

  async #dial(url: string, gzip: boolean): Promise<PeerClient> {
    const { client, wire } = this.#pair;
    if (!client.client) throw new Error(`${client.name} has no client`);
    const options: DialOptions = { url, wire, gzip };
    const dialled = await client.client.dial(options);
    this.#opened.push(() => dialled.close());
    return dialled;
  }

  async #open(client: PeerClient, method: DescMethod, init: Partial<CallInit> = {}) {
    const callId = randomUUID();
    const call = await client.open(method, {
      timeoutMs: init.timeoutMs,
      headers: { ...init.headers, "x-call-id": [callId] },
    });
    const saw: BenchCall["saw"] = async (event) => {
      const response = await this.#observer?.await({ callId, event });
      return response?.code ?? -1;
    };
    return { ...call, saw };
  }
}
