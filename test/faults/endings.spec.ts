// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import { describe, expect, it } from "vitest";
import "../support/process-faults.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { type Wire, wires } from "../support/wires.js";
import { type ChaosProxy, startChaosProxy } from "./chaos-proxy.js";
import { type Host, hosts } from "./hosts.js";
import { expectNoListeners, noteResources } from "./leaks.js";
import {
  codeOf,
  expectWithin,
  reportLatencies,
  SETTLE_MS,
  type Settlement,
  Settlements,
  slowest,
} from "./settlements.js";
import { type OpenCall, rest, type Situation, serverSide, situations } from "./situations.js";
import { ownTransport } from "./transport.js";

/** What a fault can get at. */
interface Levers {
  readonly proxy: ChaosProxy;
  readonly call: OpenCall;
  readonly clientSignal: AbortController;
  readonly shutdown: AbortController;
  throwInHandler(error: unknown): void;
}

/** Something that ends a call, and what each side is told. */
interface Fault {
  readonly name: string;
  strike(levers: Levers): void;
  readonly client: Code;
  readonly endedBy: StreamOutcome["endedBy"];
  readonly server: Code;
  /** The server says how the call ended: with headers and trailers, to a client that reads. */
  readonly answered?: boolean;
  /** The call is opened with this deadline, which is the event. */
  readonly timeoutMs?: number;
  /** The handler ends the call, so that its signal does not abort. */
  readonly byHandler?: boolean;
}

const faults: readonly Fault[] = [
  {
    name: "the connection is cut on both sides",
    strike: ({ proxy }) => proxy.cut(),
    client: Code.Unavailable,
    endedBy: "connection",
    server: Code.Canceled,
  },
  {
    name: "the connection ends on both sides",
    strike: ({ proxy }) => proxy.hangUp(),
    client: Code.Unavailable,
    endedBy: "connection",
    server: Code.Canceled,
  },
  {
    name: "the client closes the call",
    strike: ({ call }) => call.close(),
    client: Code.Canceled,
    endedBy: "client",
    server: Code.Canceled,
  },
  {
    name: "the client aborts its signal",
    strike: ({ clientSignal }) => clientSignal.abort(),
    client: Code.Canceled,
    endedBy: "client",
    server: Code.Canceled,
  },
  {
    name: "the handler throws",
    strike: ({ throwInHandler }) => throwInHandler(new ConnectError("so", Code.DataLoss)),
    client: Code.DataLoss,
    endedBy: "server",
    server: Code.DataLoss,
    answered: true,
    byHandler: true,
  },
  {
    name: "the server is shut down",
    strike: ({ shutdown }) => shutdown.abort(),
    client: Code.Unavailable,
    endedBy: "server",
    server: Code.Unavailable,
    answered: true,
  },
];

reportLatencies();

for (const host of hosts) {
  for (const wire of wires) {
    describe(`${wire.name}, ${host.name}`, () => {
      for (const situation of situations) {
        if (situation.needsHttp2 && wire.http === "1.1") continue;
        describe(situation.name, () => {
          for (const fault of faults) {
            it(fault.name, () =>
              expectWithin(SETTLE_MS, () => endWith(host, wire, situation, fault)),
            );
          }
        });
      }
    });
  }
}

/** Resolves to how long it took the slowest promise to settle, in milliseconds. */
async function endWith(
  host: Host,
  wire: Wire,
  situation: Situation,
  fault: Fault,
): Promise<number> {
  const nothingLeft = await noteResources();
  const clientSignal = new AbortController();
  let tookMs = 0;
  {
    const seen = new Settlements();
    const shutdown = new AbortController();
    let throwInHandler!: (error: unknown) => void;
    const toThrow = new Promise<never>((_, reject) => {
      throwInHandler = reject;
    });
    toThrow.catch(() => undefined);
    const server = serverSide(seen, toThrow);
    const hosted = await host.start(situation.handler(server), wire, shutdown.signal);
    await using proxy = await startChaosProxy(hosted.port);
    using own = ownTransport(proxy.url, wire);
    const client = createLabServiceClient(own.transport);
    const call = await situation.call(client, { signal: clientSignal.signal }, seen);
    if (situation.name !== "an upload whose server does not read") await server.there.promise;
    await rest();
    const { context } = server;
    if (!context) throw new Error("the handler was not called");
    if (!fault.byHandler) seen.watch("server signal", aborted(context.signal));
    seen.event();
    fault.strike({ proxy, call, clientSignal, shutdown, throwInHandler });
    // Over HTTP/1.1 a side that holds its peer back does not listen, and learns when it reads.
    const readAgain = wire.http === "1.1" && !fault.answered;
    if (readAgain) server.readAgain.resolve();
    const drains = situation.clientReadsLate && (readAgain || fault.answered);
    if (drains) void call.drain();
    const settled = await seen.all(`${wire.http === "2" ? "HTTP/2" : "HTTP/1.1"}, ${fault.name}`);
    for (const { name, settlement } of settled) check(name, settlement, fault);
    // One that has megabytes to read first is not waiting for the event.
    if (!drains) tookMs = slowest(settled);
    expect(settled.map(({ name }) => name)).toContain("client outcome");
    expect(context.signal.aborted).toBe(!fault.byHandler);
    expectNoListeners(clientSignal.signal);
    await hosted.close();
  }
  await nothingLeft();
  return tookMs;
}

function check(name: string, settlement: Settlement, fault: Fault): void {
  if (name === "client outcome") {
    expect(settlement.status).toBe("fulfilled");
    const { code, endedBy } = (settlement as { value: StreamOutcome }).value;
    expect({ code: name_(code), endedBy }).toEqual({
      code: name_(fault.client),
      endedBy: fault.endedBy,
    });
    return;
  }
  // What a server says, and what goes out before it, is a success of those who wait for it.
  const told = name === "client header" || name === "client trailer" || name === "client closeSend";
  const flushed = name === "server send" && fault.byHandler;
  if ((told && (fault.answered || name === "client closeSend")) || flushed) {
    if (settlement.status === "fulfilled") return;
  }
  // One that was held back may be accepted while the call comes to its end.
  if (name.endsWith(" send") && settlement.status === "fulfilled") return;
  if (name === "server signal") {
    expect(settlement).toMatchObject({ value: { code: fault.server } });
    return;
  }
  const expected = name.startsWith("client") ? fault.client : fault.server;
  expect(`${name}: ${name_(codeOf(name, settlement))}`).toBe(`${name}: ${name_(expected)}`);
}

function name_(code: Code | undefined): string {
  return code === undefined ? "no error" : (Code[code] ?? String(code));
}

function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) throw new Error("the signal was aborted before the event");
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}
