// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { createAnalyticsServiceClient } from "../../gen/analytics/v1/analytics_stream.js";
import { parseEvent, uploadEvents } from "../analytics/client.js";
import { uploadWithGrpcJs } from "../grpc-js.js";
import { openCable } from "./cable.js";
import type { Stage } from "./stage.js";

const file = new URL("../analytics/events.ndjson", import.meta.url);

/** Client streaming: whole uploads, and one whose connection is lost in the middle. */
export async function upload(stage: Stage) {
  const { narrator, generated, grpcJs, address, saw } = stage;
  narrator.scene("Analytics: an upload that is cut is not a clean end");
  const events = (await readFile(file, "utf8")).trimEnd().split("\n").map(parseEvent);
  const uploads = [
    ...generated.map(({ analytics }) => uploadEvents(analytics, file)),
    uploadWithGrpcJs(address, file),
  ];
  const counts = await Promise.all(uploads);
  for (const [at, { who }] of [...generated, grpcJs].entries()) {
    assert.equal(counts[at], BigInt(events.length));
    narrator.client(who, `uploaded ${events.length} events, ${counts[at]} were processed`);
  }
  await saw(/^processed/, counts.length);
  await cutUpload(stage, events.slice(0, 100));
}

type Event = ReturnType<typeof parseEvent>;

async function cutUpload(stage: Stage, events: Event[]) {
  const { narrator, address, generated, store, saw } = stage;
  const { who } = generated[0];
  const cable = await openCable(address);
  const transport = createStreamTransport({ baseUrl: cable.url, protocol: "grpc" });
  const client = createAnalyticsServiceClient(transport, { timeoutMs: 10_000 });
  await using stream = client.process();
  const sendAll = async () => {
    for (const event of events) await stream.send(event);
  };
  await Promise.all([store.reached(store.count + events.length), sendAll()]);
  await cable.cut();
  narrator.client(who, `uploads again, and loses its connection after ${events.length} events`);
  for (const line of await saw(/^upload failed/, 1)) narrator.server(line);
  const error = await stream.closeAndRecv().catch(ConnectError.from);
  assert.ok(error instanceof ConnectError, "a lost upload fails");
  assert.equal(error.code, Code.Unavailable);
  narrator.client(who, `gets \`${Code[error.code]?.toLowerCase()}\`, and may try again`);
}
