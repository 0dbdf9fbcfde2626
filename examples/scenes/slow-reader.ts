// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessClientStream } from "../../gen/analytics/v1/analytics_stream.js";
import type { Stage } from "./stage.js";

const event = {
  eventType: "trace",
  timestamp: "2025-03-14T06:00:00Z",
  data: new Uint8Array(16 * 1024).fill(1),
};

/** Flow control: a reader that stops makes `send` wait, and memory stays bounded. */
export async function uploadToSlowReader({ narrator, generated, store, saw }: Stage) {
  narrator.scene("Analytics: the reader stops, and `send` waits");
  const [, , { who, analytics }] = generated;
  store.pause();
  narrator.server("stops reading: its store is busy");
  await using stream = analytics.process();
  const { accepted, waiting } = await sendUntilItWaits(stream);
  narrator.client(who, `sends ${accepted} events of 16 KiB. The next \`send\` waits`);
  store.resume();
  narrator.server("reads on");
  await waiting;
  narrator.client(who, "`send` has resolved");
  const { processedCount } = await stream.closeAndRecv();
  assert.equal(processedCount, BigInt(accepted + 1));
  for (const line of await saw(/^processed/, 1)) narrator.server(line);
  narrator.note("Nothing was lost, and nobody's memory grew.");
}

/** How many messages fit under way, and the `send` for which there was no room. */
async function sendUntilItWaits(stream: ProcessClientStream) {
  for (let accepted = 0; ; accepted++) {
    const waiting = stream.send(event);
    // Many times what a `send` takes that flow control accepts.
    const isPending = await Promise.race([waiting.then(() => false), sleep(500, true)]);
    if (isPending) return { accepted, waiting };
  }
}
