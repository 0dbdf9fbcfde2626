// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import type { Transport } from "@connectrpc/connect";
import type { StreamCallOptions } from "connect-stream";
import { atRest, turn } from "../../support/gate.js";
import { type Lab, serveLab } from "../../support/lab.js";
import type { Wire } from "../../support/wires.js";
import { startChaosProxy } from "../chaos-proxy.js";
import { type OwnTransport, ownTransport } from "../transport.js";
import { ClientActor, openCall } from "./client-actor.js";
import { listenerFor, SERVING_HEADER, type Serving } from "./listener.js";
import { CALL_HEADER, type Puppet } from "./puppet.js";
import { Puppets } from "./puppets.js";
import { type Act, cuts, type Pause, type Scenario } from "./scenario.js";
import { look, newTrace, type Trace, tick } from "./trace.js";
import type { UnaryTraits } from "./unary.js";

/** How long a batch may take to come to rest, in milliseconds, before it counts as hung. */
const PATIENCE_MS = 10_000;

/** How long to wait for a handler, in milliseconds: some are never called. */
const MAX_PAUSE_MS = 100;

/** Bytes of a response that does not leave at once. */
const LARGE = 200_000;

/** A deadline of which only the server knows. */
const TIMEOUT_HEADERS: Record<Wire["protocol"], (ms: number) => Record<string, string>> = {
  grpc: (ms) => ({ "grpc-timeout": `${ms}m` }),
  "grpc-web": (ms) => ({ "grpc-timeout": `${ms}m` }),
  connect: (ms) => ({ "connect-timeout-ms": `${ms}` }),
};

/** Time before the end, for those that have some. */
const REST: readonly Pause[] = [
  { by: "nobody", until: "called" },
  { by: "nobody", ms: 3 },
];

/** Two servers, one a version of HTTP, whose handlers are puppets. */
export class Stage implements AsyncDisposable {
  readonly #puppets: Puppets;
  readonly #labs: Record<"1.1" | "2", Lab>;
  #calls = 0;
  /** Calls of the last batch. */
  readonly #over: string[] = [];

  private constructor(puppets: Puppets, labs: Record<"1.1" | "2", Lab>) {
    this.#puppets = puppets;
    this.#labs = labs;
  }

  static async open(): Promise<Stage> {
    const puppets = new Puppets();
    const listener = listenerFor(puppets);
    return new Stage(puppets, {
      "1.1": await serveLab(listener, "1.1"),
      "2": await serveLab(listener, "2"),
    });
  }

  /** Plays all scenarios side by side, each wire's on one connection but for those that cut theirs. */
  async play(scenarios: readonly Scenario[]): Promise<Trace[]> {
    const shared = new Map<string, OwnTransport>();
    const traces = scenarios.map(newTrace);
    const calls = traces.map(() => `${++this.#calls}`);
    const played = Promise.all(
      traces.map((trace, i) => {
        const puppet = this.#puppets.add(calls[i] ?? "", trace);
        const { wire, unary } = trace.scenario;
        const format = formatOf(unary);
        const key = JSON.stringify([wire, format]);
        const own = shared.get(key) ?? ownTransport(this.#labs[wire.http].url, wire, format);
        shared.set(key, own);
        return cuts(trace.scenario)
          ? this.#playAlone(trace, puppet, calls[i] ?? "")
          : play(trace, puppet, calls[i] ?? "", own.transport, () => undefined);
      }),
    )
      .then(() => this.#atRest())
      .then(() => Promise.all(traces.flatMap((trace) => trace.handler.map(look))));
    const late = new Promise<"late">((resolve) => setTimeout(resolve, PATIENCE_MS, "late").unref());
    await Promise.race([played, late]);
    this.#puppets.noteState();
    for (const own of shared.values()) own[Symbol.dispose]();
    // A request that was cancelled at once may arrive when its scenario is over.
    for (const call of this.#over.splice(0)) this.#puppets.remove(call);
    this.#over.push(...calls);
    return traces;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lab of Object.values(this.#labs)) await lab[Symbol.asyncDispose]();
  }

  /** A request whose client has long gone may yet arrive, and call its handler. */
  async #atRest(): Promise<void> {
    const labs = Object.values(this.#labs);
    await atRest(() => labs.reduce((sum, { served }) => sum + served, 0));
    await Promise.all(labs.map((lab) => lab.idle()));
    await this.#puppets.over();
    await turn();
  }

  async #playAlone(trace: Trace, puppet: Puppet, call: string): Promise<void> {
    const { wire, unary } = trace.scenario;
    await using proxy = await startChaosProxy(this.#labs[wire.http].port);
    using own = ownTransport(proxy.url, wire, formatOf(unary));
    await play(trace, puppet, call, own.transport, () => {
      // A connection that is yet to be made is cut with its first bytes.
      proxy.chaos.cutAfter.up = 0;
      proxy.cut();
    });
  }
}

function formatOf(unary: UnaryTraits | undefined) {
  return { useBinaryFormat: !unary?.json, useHttpGet: unary?.get ?? false };
}

async function play(
  trace: Trace,
  puppet: Puppet,
  id: string,
  transport: Transport,
  cutConnection: () => void,
): Promise<void> {
  const { steps, rests } = trace.scenario;
  const controller = new AbortController();
  const options = callOptions(trace.scenario, id);
  const call = openCall(trace, transport, options, controller);
  const actor = new ClientActor(trace, call, controller);
  const cut = () => {
    trace.cutAt ??= tick();
    cutConnection();
  };
  for (const step of steps) {
    if (step.by === "network") cut();
    else if (step.by === "nobody") await pause(step, trace);
    else act(step, actor, puppet);
  }
  if (rests) for (const step of REST) await pause(step, trace);
  endHandler(trace.scenario, puppet);
  const { ending } = trace.scenario;
  if (ending === "close" || ending === "race") actor.do("close", 0);
  if (ending === "cut") cut();
  await actor.finish();
  trace.listenersLeft = getEventListeners(controller.signal, "abort").length;
}

function callOptions(
  { kind, wire, queues, timeoutMs, unary, overrun }: Scenario,
  id: string,
): StreamCallOptions {
  const serving: Serving = {
    queues: queues.server,
    intercepted: unary?.intercepted ?? false,
    overrunMs: overrun?.ms,
  };
  const headers = { [CALL_HEADER]: id, [SERVING_HEADER]: JSON.stringify(serving) };
  const common = { headers, ...(kind !== "unary" && { queues: queues.client }) };
  if (timeoutMs === undefined) return common;
  if (!unary?.late) return { ...common, timeoutMs };
  const timeout = TIMEOUT_HEADERS[wire.protocol](timeoutMs);
  return { ...common, headers: { ...headers, ...timeout } };
}

/** Lets the handler end, or leaves that to the end of its call. */
function endHandler({ ending, unary, overrun }: Scenario, puppet: Puppet): void {
  if (ending === "return") puppet.finish("return");
  else if (ending === "race") puppet.finish("return", LARGE);
  else if (ending === "throw") puppet.finish("throw an error");
  else if (overrun?.stuck) puppet.finishWhenOverran();
  else if (unary?.deaf) puppet.finishWhenServed();
  else puppet.finishOnAbort();
}

function act(step: Act, actor: ClientActor, puppet: Puppet): void {
  for (let i = 0; i < step.times; i++) {
    if (step.by === "client") actor.do(step.act, step.bytes);
    else puppet.do(step.act, step.bytes);
  }
}

async function pause(step: Pause, trace: Trace): Promise<void> {
  if ("ms" in step) return new Promise((resolve) => setTimeout(resolve, step.ms));
  if ("turns" in step) {
    for (let i = 0; i < step.turns; i++) await turn();
    return;
  }
  const end = performance.now() + MAX_PAUSE_MS;
  while ((trace.handlerStartedAt ?? trace.outcomeAt) === undefined && performance.now() < end) {
    await turn();
  }
}
