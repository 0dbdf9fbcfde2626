// SPDX-License-Identifier: Apache-2.0
import { serve } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { type Wire, wires } from "../support/wires.js";
import type { Side } from "./chaos-proxy.js";
import { expectTold, lost } from "./faults.js";
import type { Host } from "./hosts.js";
import { noteResources } from "./leaks.js";
import { expectWithin, reportLatencies, SETTLE_MS, slowest } from "./settlements.js";
import { type Situation, situations } from "./situations.js";
import { openStage } from "./stage.js";

/** Short enough for a test, and long enough for a busy machine to answer in time before. */
const INTERVAL_MS = 200;
const TIMEOUT_MS = 1000;

reportLatencies();

describe.each(wires.filter(({ http }) => http === "2"))("a silent peer, $name", (wire) => {
  it.each<Side>(["client", "server"])("is given up by the %s's keepalive", async (pings) => {
    await expectWithin(SETTLE_MS, async () => {
      const nothingLeft = await noteResources();
      const took = await Promise.all(situations.map((one) => silence(wire, one, pings)));
      await nothingLeft();
      return Math.max(...took);
    });
  });
});

/** Silences the connection. Resolves to how long after its keepalive time the slowest promise settled. */
async function silence(wire: Wire, situation: Situation, pings: Side): Promise<number> {
  const clientPings = { pingIntervalMs: INTERVAL_MS, pingTimeoutMs: TIMEOUT_MS };
  const host = hostWith(pings === "server");
  const stage = await openStage(host, wire, situation, pings === "client" ? clientPings : {});
  const { seen, proxy } = stage;
  proxy.chaos.silent = true;
  const givenUp = performance.now() + INTERVAL_MS + TIMEOUT_MS;
  seen.event({ client: givenUp, server: givenUp });
  const settled = await seen.all(`after the keepalive time, ${pings}`, pings);
  for (const { name, settlement } of settled) expectTold(name, settlement, lost);
  expect(settled).not.toEqual([]);
  await stage[Symbol.asyncDispose]();
  await stage.close();
  return slowest(settled);
}

/** A server that pings, or one that does not. */
function hostWith(pings: boolean): Host {
  return {
    name: "serve()",
    async start(handler) {
      const server = await serve({
        keepAlive: pings && { intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS },
        routes: (router) => registerLabService(router, handler),
      });
      return { port: server.port, close: () => server.close() };
    },
  };
}
