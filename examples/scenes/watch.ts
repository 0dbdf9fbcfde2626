// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { watchWithGrpcJs } from "../grpc-js.js";
import { watchMetrics } from "../monitor/client.js";
import type { Stage } from "./stage.js";

const samples = 2;

/** Server streaming: all watch at once, and leave when they have seen enough. */
export async function watch({ narrator, generated, grpcJs, address, saw }: Stage) {
  narrator.scene("Monitor: a cancel reaches the handler");
  const watchers = generated.map(async ({ who, monitor }) => {
    const lines: string[] = [];
    const outcome = await watchMetrics(monitor, samples, (line) => lines.push(line));
    assert.equal(outcome.endedBy, "client");
    return { who, lines };
  });
  const watchOverGrpcJs = async () => {
    const lines: string[] = [];
    await watchWithGrpcJs(address, samples, (line) => lines.push(line));
    return { who: grpcJs.who, lines };
  };
  const seen = await Promise.all([...watchers, watchOverGrpcJs()]);
  for (const { who, lines } of seen) {
    assert.equal(lines.length, samples);
    narrator.client(who, `${lines.join("; ")}; leaves the loop`);
  }
  // A moment later, the server learns that they have gone, and each handler cleans up.
  for (const line of await saw(/^stopped sampling/, seen.length)) narrator.server(line);
}
