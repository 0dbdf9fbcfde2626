// SPDX-License-Identifier: Apache-2.0
// The scenarios of the examples, one for each kind of RPC, and what becomes of a call that is cancelled.
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Transport } from "@connectrpc/connect";
import { parseEvent } from "../../examples/analytics/client.js";
import { enterRoom, talk } from "../../examples/chat/client.js";
import { createAnalyticsServiceClient } from "../../gen/analytics/v1/analytics_stream.js";
import { createChatServiceClient } from "../../gen/chat/v1/chat_stream.js";
import type { ReadResponse } from "../../gen/monitor/v1/monitor_pb.js";
import {
  createMonitorServiceClient,
  type MonitorServiceClient,
} from "../../gen/monitor/v1/monitor_stream.js";

/** What the matrix has a column for. */
export const columns = [
  "unary",
  "server streaming",
  "client streaming",
  "bidirectional",
  "headers first",
  "cancel",
  "cancel, quiet",
] as const;

export type Column = (typeof columns)[number];

/** Every event of the file is sent so often: some 400 KB, so that flow control has to work. */
const UPLOADS = 8;

/** How often to ask whether a handler has heard of a cancel, and how long to wait before each time. */
const MAX_POLLS = 50;
const POLL_MS = 100;

/** A run of a scenario. Rejects if the runtime does not do what Node.js does. */
export type Scenario = (transport: Transport, events: readonly string[]) => Promise<void>;

export const scenarios: Readonly<Record<Column, Scenario>> = {
  async unary(transport) {
    const { cpu, memory } = await monitorOn(transport).read({});
    assert.ok(cpu >= 0 && memory >= 0);
  },

  async "server streaming"(transport) {
    const monitor = monitorOn(transport);
    const { memory: failed } = await monitor.read({});
    let next = 0;
    for await (const { cpu } of monitor.watch({ interval: 1 })) {
      assert.equal(cpu, next++);
      if (next === 3) break;
    }
    assert.equal(next, 3);
    // The scenarios that come after this one count the streams that are cut off.
    await until(monitor, ({ memory }) => memory > failed);
  },

  async "client streaming"(transport, events) {
    await using stream = analyticsOn(transport).process();
    for (let round = 0; round < UPLOADS; round++) {
      for (const line of events) await stream.send(parseEvent(line));
    }
    const { processedCount } = await stream.closeAndRecv();
    assert.equal(processedCount, BigInt(events.length * UPLOADS));
  },

  async bidirectional(transport) {
    const stream = createChatServiceClient(transport, limits).connect();
    const lines = ["Hello", "How are you? 🙂"];
    const heard = await talk(stream, "ada", lines, lines.length);
    assert.deepEqual(
      heard.map(({ message }) => message),
      lines,
    );
  },

  async "headers first"(transport) {
    const chat = createChatServiceClient(transport, limits);
    // Each waits for the headers of its response before it sends anything.
    const ada = await enterRoom(chat);
    const bob = await enterRoom(chat);
    const lines = ["Hello", "How are you? 🙂"];
    const heard = await Promise.all([talk(ada, "ada", lines, 4), talk(bob, "bob", lines, 4)]);
    assert.deepEqual(heard[0], heard[1]);
    assert.equal(heard[0].length, 4);
  },

  async cancel(transport, [line = ""]) {
    const monitor = monitorOn(transport);
    const { cpu: begun, memory: failed } = await monitor.read({});
    const watch = monitor.watch({ interval: 1 });
    await watch.recv();
    // Half an upload is not to look like a whole one.
    const upload = analyticsOn(transport).process();
    await upload.send(parseEvent(line));
    await until(monitor, ({ cpu }) => cpu >= begun + 2);
    watch.close();
    upload.close();
    await until(monitor, ({ memory }) => memory >= failed + 2);
  },

  async "cancel, quiet"(transport) {
    const monitor = monitorOn(transport);
    const { memory: failed } = await monitor.read({});
    // The next message is a minute away.
    const watch = monitor.watch({ interval: 600 });
    await watch.recv();
    watch.close();
    await until(monitor, ({ memory }) => memory > failed);
  },
};

/** Waits for the server to have heard of what a client did. */
async function until(
  monitor: MonitorServiceClient,
  heard: (streams: ReadResponse) => boolean,
): Promise<void> {
  for (let tries = 0; tries < MAX_POLLS; tries++) {
    if (heard(await monitor.read({}))) return;
    await sleep(POLL_MS);
  }
  assert.fail("the handler did not hear of it");
}

/** No call takes longer, in milliseconds; a runtime that hangs must not hang us. */
const limits = { timeoutMs: 10_000 };

const monitorOn = (transport: Transport) => createMonitorServiceClient(transport, limits);
const analyticsOn = (transport: Transport) => createAnalyticsServiceClient(transport, limits);
