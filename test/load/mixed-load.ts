// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type StreamOutcome } from "connect-stream";
import { type ChaosProxy, startChaosProxy } from "../faults/chaos-proxy.js";
import { type OwnTransport, ownTransport } from "../faults/transport.js";
import { Random } from "../fuzz/random.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import { createLabServiceClient, type LabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { type Wire, wires } from "../support/wires.js";

/** What became of the calls. */
export interface MixedResults {
  calls: number;
  complete: number;
  cancelled: number;
  cutOff: number;
  /** Calls that ended in a way that nothing explains; the first few. */
  faults: string[];
}

const CANCELLED_SHARE = 0.05;
const CUT_SHARE = 0.01;
const LOOPS_PER_CONNECTION = 4;
const MESSAGES = 10;
const MAX_FAULTS = 20;
const PAYLOAD = new Uint8Array(1000);

/** Calls of all kinds on all wires, some of them cancelled, some connections cut. */
export class MixedLoad {
  readonly #giveUp: AbortSignal;
  #lines: Line[] = [];

  /** Every call is given `giveUp`, which is never aborted: what stays on it has leaked. */
  constructor(giveUp: AbortSignal) {
    this.#giveUp = giveUp;
  }

  /** `seed` decides which calls are made, cancelled and cut. */
  async start({ url, seed }: { url: string; seed: number }): Promise<void> {
    const port = Number(new URL(url).port);
    for (const [i, wire] of [...wires, ...wires].entries()) {
      const random = new Random(seed + i);
      this.#lines.push(new Line(wire, await startChaosProxy(port), random, this.#giveUp));
    }
  }

  async stop(): Promise<MixedResults> {
    const all = await Promise.all(this.#lines.map((line) => line.stop()));
    this.#lines = [];
    const total: MixedResults = { calls: 0, complete: 0, cancelled: 0, cutOff: 0, faults: [] };
    for (const one of all) {
      total.calls += one.calls;
      total.complete += one.complete;
      total.cancelled += one.cancelled;
      total.cutOff += one.cutOff;
      total.faults.push(...one.faults.slice(0, MAX_FAULTS - total.faults.length));
    }
    return total;
  }
}

type Make = (client: LabServiceClient, cancel: boolean) => Promise<"complete" | "cancelled">;

/** One connection, and the calls that share it. */
class Line {
  readonly #wire: Wire;
  readonly #proxy: ChaosProxy;
  readonly #random: Random;
  readonly #own: OwnTransport;
  readonly #loops: Promise<void>[];
  readonly #signal: AbortSignal;
  readonly #results: MixedResults = { calls: 0, complete: 0, cancelled: 0, cutOff: 0, faults: [] };
  #stopped = false;

  constructor(wire: Wire, proxy: ChaosProxy, random: Random, signal: AbortSignal) {
    this.#wire = wire;
    this.#proxy = proxy;
    this.#random = random;
    this.#signal = signal;
    this.#own = ownTransport(proxy.url, wire);
    this.#loops = Array.from({ length: LOOPS_PER_CONNECTION }, () => this.#loop());
  }

  async stop(): Promise<MixedResults> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    this.#own[Symbol.dispose]();
    await this.#proxy[Symbol.asyncDispose]();
    return this.#results;
  }

  async #loop(): Promise<void> {
    const client = createLabServiceClient(this.#own.transport);
    const kinds = this.#kinds();
    while (!this.#stopped) {
      const make = this.#random.pick(kinds);
      const cancel = this.#random.chance(CANCELLED_SHARE);
      if (this.#random.chance(CUT_SHARE)) setImmediate(() => this.#proxy.cut());
      this.#results.calls++;
      try {
        const end = await make(client, cancel);
        if (end === "complete") this.#results.complete++;
        else this.#results.cancelled++;
      } catch (error) {
        if (error instanceof ConnectError && error.code === Code.Unavailable) {
          this.#results.cutOff++;
        } else if (this.#results.faults.length < MAX_FAULTS) {
          this.#results.faults.push(`${this.#wire.name}: ${error}`);
        }
      }
    }
  }

  #kinds(): Make[] {
    const options = { signal: this.#signal };
    const kinds: Make[] = [
      (client, cancel) => {
        const own = new AbortController();
        const request = { number: 5n, payload: PAYLOAD };
        const response = client.unary(request, cancel ? { signal: own.signal } : options);
        if (cancel) setImmediate(() => own.abort());
        return unary(response, 5, cancel);
      },
      async (client, cancel) => {
        const call = client.download({ number: BigInt(MESSAGES) }, options);
        let count = 0;
        for await (const _ of call) if (++count > MESSAGES / 2 && cancel) break;
        return cancel ? "cancelled" : complete(call.outcome, count);
      },
      async (client, cancel) => {
        const call = client.upload(options);
        for (let i = 0; i < MESSAGES; i++) await call.send({ payload: PAYLOAD });
        if (cancel) return cancelled(call);
        return complete(call.outcome, Number((await call.closeAndRecv()).number));
      },
    ];
    if (this.#wire.http === "1.1") return kinds;
    return [
      ...kinds,
      async (client, cancel) => {
        const call = client.chat(options);
        let count = 0;
        for (let i = 0; i < MESSAGES; i++) {
          await call.send({ payload: PAYLOAD });
          if (i > MESSAGES / 2 && cancel) return cancelled(call);
          if (await call.recv()) count++;
        }
        await call.closeSend();
        while (await call.recv()) count++;
        return complete(call.outcome, count);
      },
    ];
  }
}

/** A unary call that is to be cancelled may be quicker than that. */
async function unary(
  response: Promise<Note>,
  expected: number,
  cancel: boolean,
): Promise<"complete" | "cancelled"> {
  try {
    expectCount(Number((await response).number), expected);
    return "complete";
  } catch (error) {
    if (cancel && error instanceof ConnectError && error.code === Code.Canceled) return "cancelled";
    throw error;
  }
}

async function complete(outcome: Promise<StreamOutcome>, count: number): Promise<"complete"> {
  const { error } = await outcome;
  if (error) throw error;
  expectCount(count, MESSAGES);
  return "complete";
}

async function cancelled(call: {
  close(): void;
  outcome: Promise<StreamOutcome>;
}): Promise<"cancelled"> {
  call.close();
  const { error } = await call.outcome;
  if (error?.code !== Code.Canceled) throw error ?? new Error("a cancelled call was complete");
  return "cancelled";
}

function expectCount(count: number, expected: number): void {
  if (count !== expected) throw new Error(`${count} messages instead of ${expected}`);
}
