// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import type { DescMethod } from "@bufbuild/protobuf";
import { createStreamTransport, type StreamTransportOptions } from "connect-stream/node";
import type { Bench, BenchCall, Case } from "./cases/case.js";
import { Event } from "./gen/interop/v1/interop_pb.js";
import {
  createObserverServiceClient,
  type ObserverServiceClient,
} from "./gen/interop/v1/interop_stream.js";
import { startMeter } from "./meter.js";
import type { Pair } from "./pair.js";
import type { CallInit, PeerCall, PeerClient, Wire } from "./peer.js";
import { Pending, within } from "./within.js";

/** How long a case may take. The longest takes a second or two, on a machine that is busy. */
const CASE_LIMIT_MS = 20_000;
/** How long a peer may take to start, or to stop. */
const START_LIMIT_MS = 30_000;
/** After so many cases that hung, a pair is given up: a peer that hangs does so in all of them. */
const MAX_HUNG = 3;

/** A client and a server, connected, for all cases. */
export class PairBench {
  readonly #pair: Pair;
  readonly #opened: (() => Promise<void>)[] = [];
  #url = "";
  #client: PeerClient | undefined;
  #observer: ObserverServiceClient | undefined;
  #hung = 0;

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  async start(): Promise<void> {
    const { server, wire, proxy } = this.#pair;
    if (!server.server) throw new Error(`${server.name} has no server`);
    const started = await this.#ready(`${server.name}'s server`, server.server.start(wire));
    const target = proxy ? await this.#ready(proxy.name, proxy.start(started, wire)) : started;
    this.#url = target.url;
    this.#client = await this.#dial(target.url, false);
    // Not through the proxy: it tells what the server saw.
    this.#observer = createObserverServiceClient(transportTo(started.url, wire));
  }

  async stop(): Promise<void> {
    for (const close of this.#opened.reverse()) await close();
  }

  /** Runs a case; one that hangs fails, and says what it waits for. */
  async run(one: Case): Promise<void> {
    if (this.#hung >= MAX_HUNG) throw new Error(`not run: ${MAX_HUNG} cases hung before`);
    const pending = new Pending();
    await within(CASE_LIMIT_MS, one.run(this.#benchFor(pending)), () => {
      this.#hung++;
      return `hung for ${CASE_LIMIT_MS} ms; waits for: ${pending}`;
    });
  }

  #benchFor(pending: Pending): Bench {
    return {
      open: async (method, init) => {
        if (!this.#client) throw new Error("not started");
        return this.#open(pending, this.#client, method, init);
      },
      metered: async (method) => {
        const meter = await startMeter(this.#url);
        this.#opened.push(() => meter.close());
        const client = await this.#dial(meter.url, true);
        return { call: await this.#open(pending, client, method), bytes: () => meter.bytes() };
      },
    };
  }

  async #open(
    pending: Pending,
    client: PeerClient,
    method: DescMethod,
    init: Partial<CallInit> = {},
  ): Promise<BenchCall> {
    const callId = randomUUID();
    const opening = client.open(method, {
      timeoutMs: init.timeoutMs,
      headers: { ...init.headers, "x-call-id": [callId] },
    });
    const call = watched(await pending.track("the client to open the call", opening), pending);
    const saw = async (event: Event): Promise<number> => {
      if (!this.#observer) throw new Error("not started");
      return (await this.#observer.await({ callId, event })).code;
    };
    return {
      ...call,
      saw: (event) => pending.track(`the server to see ${Event[event]}`, saw(event)),
    };
  }

  async #dial(url: string, gzip: boolean): Promise<PeerClient> {
    const { client, wire } = this.#pair;
    if (!client.client) throw new Error(`${client.name} has no client`);
    return this.#ready(`${client.name}'s client`, client.client.dial({ url, wire, gzip }));
  }

  /** Waits until a part has started, and has it closed at the end. */
  async #ready<P extends { close(): Promise<void> }>(name: string, starting: Promise<P>) {
    const part = await within(START_LIMIT_MS, starting, () => `${name} does not start`);
    this.#opened.push(() => within(START_LIMIT_MS, part.close(), () => `${name} does not stop`));
    return part;
  }
}

function transportTo(baseUrl: string, { protocol, http }: Wire) {
  return createStreamTransport({
    baseUrl,
    protocol,
    httpVersion: http,
  } as StreamTransportOptions);
}

/** The call, with a name for each thing that it waits for. */
function watched(call: PeerCall, pending: Pending): PeerCall {
  const name = (operation: string) => `the client's ${operation}`;
  return {
    send: (messages) => pending.track(name("send"), call.send(messages)),
    closeSend: () => pending.track(name("half-close"), call.closeSend()),
    recv: (max) => pending.track(name("recv"), call.recv(max)),
    cancel: () => pending.track(name("cancel"), call.cancel()),
    end: () => pending.track(name("end"), call.end()),
  };
}
