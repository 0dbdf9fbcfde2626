// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the compiler knows of clients, and what it refuses. Not run. */
import { create } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createAnalyticsServiceClient } from "../../gen/analytics/v1/analytics_stream.js";
import { createChatServiceClient } from "../../gen/chat/v1/chat_stream.js";
import {
  type ReadResponse,
  WatchRequestSchema,
  type WatchResponse,
} from "../../gen/monitor/v1/monitor_pb.js";
import {
  createMonitorServiceClient,
  type MonitorServiceClient,
  type WatchClientStream,
} from "../../gen/monitor/v1/monitor_stream.js";

declare const transport: Transport;

/** Every kind of RPC, with everything that its stream has. */
export async function accepted(signal: AbortSignal): Promise<void> {
  const monitor: MonitorServiceClient = createMonitorServiceClient(transport, { timeoutMs: 1 });
  const sample: ReadResponse = await monitor.read({});
  const watch: WatchClientStream = monitor.watch({ interval: sample.cpu }, { signal });
  const next: WatchResponse | undefined = await watch.recv({ timeoutMs: 5, signal });
  for await (const { cpu, memory } of watch) {
    const sum: number = cpu + memory;
    void [sum, next];
  }
  const headers: Headers[] = [await watch.header, await watch.trailer];
  const { code, error, sent, received, durationMs, endedBy } = await watch.outcome;
  watch.close();
  void [headers, code, error?.details, sent.bytes + received.messages, durationMs, endedBy];

  await using upload = createAnalyticsServiceClient(transport).process({ headers: { a: "b" } });
  await upload.send({ eventType: "click", data: new Uint8Array() }, { signal });
  const count: bigint = (await upload.closeAndRecv()).processedCount;

  await using chat = createChatServiceClient(transport).connect();
  await chat.send({ message: String(count) });
  await chat.closeSend();
  for await (const { timestamp } of chat) {
    timestamp.toUpperCase();
  }
}

/** Requests are messages, or plain objects like them. */
export function acceptedRequests(): void {
  const monitor = createMonitorServiceClient(transport);
  monitor.watch(create(WatchRequestSchema, { interval: 1 }));
  monitor.watch({});
}

/** What is wrong is refused. */
export async function refused(): Promise<void> {
  const monitor = createMonitorServiceClient(transport);
  // @ts-expect-error the request is missing
  monitor.watch();
  // @ts-expect-error a field of the wrong type
  monitor.watch({ interval: "1s" });
  // @ts-expect-error no such field
  monitor.watch({ seconds: 1 });
  // @ts-expect-error no such option
  monitor.watch({}, { timeout: 1 });
  // @ts-expect-error no such RPC
  monitor.observe({});
  const watch = monitor.watch({});
  // @ts-expect-error the end of the stream is undefined
  (await watch.recv()).cpu;
  // @ts-expect-error a client of a server-streaming RPC does not send
  await watch.send({});
  // @ts-expect-error a stream is not a promise
  watch.then();
  // @ts-expect-error the unary response is a promise
  monitor.read({}).cpu;

  const upload = createAnalyticsServiceClient(transport).process();
  // @ts-expect-error one response, with closeAndRecv
  await upload.recv();
  // @ts-expect-error one response, so nothing to iterate
  for await (const _ of upload);
  // @ts-expect-error options are not a request
  createAnalyticsServiceClient(transport).process({ eventType: "click" });

  const chat = createChatServiceClient(transport).connect();
  // @ts-expect-error many responses, with recv
  await chat.closeAndRecv();
  // @ts-expect-error a field of the response, not of the request
  await chat.send({ timestamp: "now" });
  // @ts-expect-error no such option
  createChatServiceClient(transport, { deadline: 1 });
}
