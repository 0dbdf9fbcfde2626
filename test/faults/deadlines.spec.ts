// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type Wire, wires } from "../support/wires.js";
import { expectTold, late } from "./faults.js";
import { type Host, hosts } from "./hosts.js";
import { expectNoListeners, noteResources } from "./leaks.js";
import { expectWithin, reportLatencies, SETTLE_MS, slowest } from "./settlements.js";
import { type Situation, situations } from "./situations.js";
import { openStage } from "./stage.js";

/** Enough to bring all situations about before, on a busy machine. */
const TIMEOUT_MS = 2000;

/** How much later than the client's a server's time may begin to run: less than what it makes up for. */
const MAX_SKEW_MS = 50;

reportLatencies();

describe.each(hosts)("deadlines, $name", (host) => {
  it.each(wires)(
    "end what waits, with or without a word between the sides, $name",
    async (wire) => {
      await expectWithin(SETTLE_MS, async () => {
        const nothingLeft = await noteResources();
        const usable = situations.filter(({ needsHttp2 }) => !needsHttp2 || wire.http === "2");
        const took = await Promise.all(
          usable.flatMap((one) => [expire(host, wire, one, false), expire(host, wire, one, true)]),
        );
        await nothingLeft();
        return Math.max(...took);
      });
    },
  );
});

/** Lets a deadline pass. Resolves to how long after it the slowest promise settled. */
async function expire(
  host: Host,
  wire: Wire,
  situation: Situation,
  silent: boolean,
): Promise<number> {
  await using stage = await openStage(host, wire, situation, { timeoutMs: TIMEOUT_MS });
  const { seen, context, proxy, openedAt } = stage;
  proxy.chaos.silent = silent;
  const client = openedAt + TIMEOUT_MS;
  const server = performance.now() + (context.timeoutMs() ?? Number.NaN);
  seen.event({ client, server });
  const settled = await seen.all(`HTTP/${wire.http}, deadline${silent ? " under silence" : ""}`);
  // To a server whose time began to run much later, a client that gives up at its own deadline cancels.
  const skewed = !silent && server - client > MAX_SKEW_MS;
  const { reason } = context.signal;
  const told = skewed && reason?.code === Code.Canceled ? { ...late, server: reason.code } : late;
  for (const { name, settlement } of settled) expectTold(name, settlement, told);
  expect(settled.map(({ name }) => name)).toContain("client outcome");
  expect(reason).toMatchObject({ code: told.server });
  expectNoListeners(stage.clientSignal.signal);
  if (silent) proxy.cut();
  stage.readAgain();
  await stage.close();
  return slowest(settled);
}
