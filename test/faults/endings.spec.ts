// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Wire, wires } from "../support/wires.js";
import type { Side } from "./chaos-proxy.js";
import { expectTold, type Fault, faults } from "./faults.js";
import { type Host, hosts } from "./hosts.js";
import { expectNoListeners, noteResources } from "./leaks.js";
import { expectWithin, reportLatencies, SETTLE_MS, type Settled, slowest } from "./settlements.js";
import { type Situation, situations } from "./situations.js";
import { openStage, type Stage } from "./stage.js";

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
  let tookMs = 0;
  {
    await using stage = await openStage(host, wire, situation);
    const { seen, context, call } = stage;
    if (!fault.byHandler) seen.watch("server signal", aborted(context.signal));
    seen.event();
    fault.strike(stage);
    // Over HTTP/1.1 a side that holds its peer back does not listen, and learns when it reads.
    const readAgain = wire.http === "1.1" && !fault.answered;
    if (readAgain) stage.readAgain();
    const drains = situation.clientReadsLate && (readAgain || fault.answered);
    if (drains) void call.drain();
    const settled = await settledBy(stage, fault, `HTTP/${wire.http}, ${fault.name}`);
    for (const { name, settlement } of settled) expectTold(name, settlement, fault);
    // One that has megabytes to read first is not waiting for the event.
    if (!drains) tookMs = slowest(settled);
    expect(settled.map(({ name }) => name)).toContain("client outcome");
    expect(context.signal.aborted).toBe(!fault.byHandler);
    expectNoListeners(stage.clientSignal.signal);
    await stage.close();
  }
  await nothingLeft();
  return tookMs;
}

/** All that settled because of the fault. A side that cannot know waits until it is cut, too. */
async function settledBy(stage: Stage, { alone }: Fault, category: string): Promise<Settled[]> {
  const { seen, proxy, context } = stage;
  const first = await seen.all(category, alone);
  if (!alone) return first;
  const other: Side = alone === "client" ? "server" : "client";
  if (other === "server") expect(context.signal.aborted).toBe(false);
  seen.event();
  proxy.cut(other);
  return [...first, ...(await seen.all(`${category}, then at the ${other}`, other))];
}

function aborted(signal: AbortSignal): Promise<unknown> {
  if (signal.aborted) throw new Error("the signal was aborted before the event");
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(signal.reason)));
}
