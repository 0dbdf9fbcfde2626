// SPDX-License-Identifier: Apache-2.0
// Runs the three services, and clients of every protocol against them. Prints what each side saw.
// Exit code 0 if that is what it should be.
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { uploadEvents } from "./analytics/client.js";
import { enterRoom, talk } from "./chat/client.js";
import { createClients } from "./clients.js";
import { enterWithGrpcJs, uploadWithGrpcJs, watchWithGrpcJs } from "./grpc-js.js";
import { watchMetrics } from "./monitor/client.js";
import { startServer } from "./server.js";

const events = { file: new URL("analytics/events.ndjson", import.meta.url), count: 320n };
const samples = 2;

const printed = new EventEmitter();
const print = (line: string) => {
  console.log(`  ${line}`);
  if (line.startsWith("server: stopped sampling")) printed.emit("stopped");
};

const server = await startServer(print);
const address = new URL(server.url).host;
const clients = createClients(server.url);
console.log(`server: listening on ${server.url}, HTTP/1.1 and HTTP/2`);

let interrupted = false;
process.once("SIGINT", () => {
  interrupted = true;
  // The call that is open fails with `unavailable`, and with it this run.
  void server.close({ graceMs: 0 });
});
try {
  await runMonitor();
  await runAnalytics();
  await runChat();
  console.log("\nAll as it should be.");
} catch (error) {
  if (interrupted) console.error("\nInterrupted.");
  else console.error("\nNot as it should be:", error);
  process.exitCode = interrupted ? 130 : 1;
} finally {
  await server.close({ graceMs: 1000 });
}

async function runMonitor(): Promise<void> {
  for (const { name, monitor } of clients) {
    console.log(`\nmonitor, client speaks ${name}`);
    const [outcome] = await Promise.all([watchMetrics(monitor, samples, print), stopped()]);
    assert.equal(outcome.endedBy, "client");
    await assert.rejects(monitor.watch({ interval: 0 }).recv(), (error: Error) => {
      print(`client: ${error.message}`);
      return error.message.startsWith(
        "[invalid_argument] invalid monitor.v1.WatchRequest: interval",
      );
    });
  }
  console.log("\nmonitor, client is grpc-js");
  await Promise.all([watchWithGrpcJs(address, samples, print), stopped()]);
}

/** The server learns that a client has gone, and cleans up, a moment later. */
function stopped(): Promise<unknown> {
  return once(printed, "stopped", { signal: AbortSignal.timeout(10_000) });
}

async function runAnalytics(): Promise<void> {
  for (const { name, analytics } of clients) {
    console.log(`\nanalytics, client speaks ${name}`);
    checkUpload(await uploadEvents(analytics, events.file));
  }
  console.log("\nanalytics, client is grpc-js");
  checkUpload(await uploadWithGrpcJs(address, events.file));
}

function checkUpload(processed: bigint): void {
  print(`client: uploaded ${events.count} events, ${processed} were processed`);
  assert.equal(processed, events.count);
}

/** One member for each protocol, and grpc-js, all in the same room. */
async function runChat(): Promise<void> {
  console.log("\nchat, all clients in one room");
  const names = ["Ada", "Björn", "千代", "grpc-js"];
  const lines = ["Hello", "How are you? 🙂"];
  const count = names.length * lines.length;
  const talkers = [];
  for (const { chat } of clients) {
    const stream = await enterRoom(chat);
    talkers.push((name: string) => talk(stream, name, lines, count));
  }
  const talkWithGrpcJs = await enterWithGrpcJs(address);
  talkers.push((name: string) => talkWithGrpcJs(name, lines, count));

  const heard = await Promise.all(talkers.map((start, i) => start(names[i] ?? "")));
  const [first = []] = heard;
  for (const { timestamp, userId, message } of first) {
    print(`client: ${timestamp} ${userId}: ${message}`);
  }
  assert.equal(first.length, count);
  for (const other of heard) assert.deepEqual(other.map(said), first.map(said));
  print(`client: all ${names.length} members heard the same ${count} messages`);
}

function said(heard: { timestamp: string; userId: string; message: string }): string[] {
  return [heard.timestamp, heard.userId, heard.message];
}
