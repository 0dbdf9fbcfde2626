// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import type { Transport } from "@connectrpc/connect";
import type { ClientStream, StreamCallOptions } from "connect-stream";
import { atRest, turn } from "../../support/gate.js";
import type { Note } from "../../support/gen/lab/v1/lab_pb.js";
import { createLabServiceClient } from "../../support/gen/lab/v1/lab_stream.js";
import { type Lab, startLab } from "../../support/lab.js";
import type { NoteInit } from "../../support/note.js";
import { wires } from "../../support/wires.js";
import { startChaosProxy } from "../chaos-proxy.js";
import { type OwnTransport, ownTransport } from "../transport.js";
import { BRIEFLY_MS, CALL_HEADER, numbered, type Puppet, Puppets } from "./puppet.js";
import { type ClientAct, cuts, type Kind, type Scenario } from "./scenario.js";
import { look, newTrace, note, settlementOf, type Trace, tick } from "./trace.js";

/** How long a batch may take to come to rest, in milliseconds, before it counts as hung. */
const PATIENCE_MS = 10_000;

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
    const options = { service: { onError: puppets.onError } };
    return new Stage(puppets, {
      "1.1": await startLab(puppets.handler, { ...options, http: "1.1" }),
      "2": await startLab(puppets.handler, { ...options, http: "2" }),
    });
  }

  /** Plays all scenarios side by side, each wire's on one connection but for those that cut theirs. */
  async play(scenarios: readonly Scenario[]): Promise<Trace[]> {
    const shared = new Map<string, OwnTransport>(
      wires.map((wire) => [wire.name, ownTransport(this.#labs[wire.http].url, wire)]),
    );
    const traces = scenarios.map(newTrace);
    const calls = traces.map(() => `${++this.#calls}`);
    const played = Promise.all(
      traces.map((trace, i) => {
        const puppet = this.#puppets.add(calls[i] ?? "", trace);
        const own = shared.get(trace.scenario.wire.name);
        if (!own) throw new Error("no transport");
        return cuts(trace.scenario)
          ? this.#playAlone(trace, puppet, calls[i] ?? "")
          : play(trace, puppet, calls[i] ?? "", own.transport, () => undefined);
      }),
    )
      .then(() => this.#atRest())
      .then(() => Promise.all(traces.flatMap((trace) => trace.handler.map(look))));
    const late = new Promise<"late">((resolve) => setTimeout(resolve, PATIENCE_MS, "late").unref());
    await Promise.race([played, late]);
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
  }

  async #playAlone(trace: Trace, puppet: Puppet, call: string): Promise<void> {
    const { wire } = trace.scenario;
    await using proxy = await startChaosProxy(this.#labs[wire.http].port);
    using own = ownTransport(proxy.url, wire);
    await play(trace, puppet, call, own.transport, () => {
      // A connection that is yet to be made is cut with its first bytes.
      proxy.chaos.cutAfter.up = 0;
      proxy.cut();
    });
  }
}

interface AnyCall extends ClientStream {
  send?(message: NoteInit): Promise<void>;
  recv?(options?: { timeoutMs?: number }): Promise<Note | undefined>;
  closeSend?(): Promise<void>;
  closeAndRecv?(): Promise<Note>;
}

function openCall(kind: Kind, transport: Transport, options: StreamCallOptions): AnyCall {
  const client = createLabServiceClient(transport);
  return kind === "download" ? client.download({}, options) : client[kind](options);
}

async function play(
  trace: Trace,
  puppet: Puppet,
  id: string,
  transport: Transport,
  cutConnection: () => void,
): Promise<void> {
  const { kind, timeoutMs, steps, ending } = trace.scenario;
  const controller = new AbortController();
  const call = openCall(kind, transport, {
    signal: controller.signal,
    headers: { [CALL_HEADER]: id },
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  const actor = new ClientActor(trace, call, controller);
  const cut = () => {
    trace.cutAt ??= tick();
    cutConnection();
  };
  for (const step of steps) {
    if (step.by === "client") actor.do(step.act, step.bytes);
    else if (step.by === "handler") puppet.do(step.act, step.bytes);
    else if (step.by === "network") cut();
    else for (let i = 0; i < step.turns; i++) await turn();
  }
  if (ending === "close" || ending === "cut") puppet.finishOnAbort();
  else puppet.finish(ending === "return" ? "return" : "throw an error");
  if (ending === "close") actor.do("close", 0);
  if (ending === "cut") cut();
  await actor.finish();
  trace.listenersLeft = getEventListeners(controller.signal, "abort").length;
}

/** The client's side of a scenario. */
class ClientActor {
  readonly #trace: Trace;
  readonly #call: AnyCall;
  readonly #controller: AbortController;
  readonly #ends: Promise<unknown>;
  #sent = 0;

  constructor(trace: Trace, call: AnyCall, controller: AbortController) {
    this.#trace = trace;
    this.#call = call;
    this.#controller = controller;
    this.#ends = Promise.all([
      settlementOf(call.header).then((header) => (trace.header = header)),
      settlementOf(call.trailer).then((trailer) => (trace.trailer = trailer)),
      call.outcome.then((outcome) => {
        trace.outcome = outcome;
        trace.outcomeAt = tick();
      }),
    ]);
  }

  do(act: ClientAct, bytes: number): void {
    const call = this.#call;
    switch (act) {
      case "send":
        return this.#note(act, call.send?.(numbered(this.#sent, bytes)), this.#sent++);
      case "recv":
        return this.#note(act, call.recv?.());
      case "recv, briefly":
        return this.#note(act, call.recv?.({ timeoutMs: BRIEFLY_MS }));
      case "half-close":
        return this.#note(act, call.closeSend ? call.closeSend() : call.closeAndRecv?.());
      case "close":
        this.#trace.givenUpAt ??= tick();
        return call.close();
      case "abort":
        this.#trace.givenUpAt ??= tick();
        return this.#controller.abort();
    }
  }

  /** Does what a client does to learn how a call ends, and looks at everything. */
  async finish(): Promise<void> {
    if (this.#trace.scenario.kind !== "download") this.do("half-close", 0);
    while (this.#call.recv && !(await this.#atEnd()));
    await this.#ends;
    // After the end, everything has its answer at once.
    this.do("recv", 0);
    this.do("send", 0);
    await Promise.all(this.#trace.client.map(look));
  }

  async #atEnd(): Promise<boolean> {
    this.do("recv", 0);
    const last = this.#trace.client.at(-1);
    if (!last) return true;
    await look(last);
    return last.settlement?.status === "rejected" || last.settlement?.value === undefined;
  }

  #note(act: ClientAct, promise: Promise<unknown> | undefined, number?: number) {
    if (!promise) return;
    note(this.#trace.client, act, promise, number, !this.#trace.scenario.inattentive);
  }
}
