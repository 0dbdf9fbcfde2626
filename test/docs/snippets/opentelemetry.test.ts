// SPDX-License-Identifier: Apache-2.0
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { AggregationType, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { Code } from "connect-stream";
import { createOtelObserver } from "connect-stream/otel";
import { expect, it, onTestFinished } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const monitor: Partial<MonitorServiceHandler> = {
  async watch(_request, stream) {
    await stream.send({ cpu: 1, memory: 2 });
    await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
  },
};

const exporter = new InMemorySpanExporter();

/** What `@opentelemetry/sdk-node` sets up in an application. */
function startSdk(): void {
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  onTestFinished(() => {
    context.disable();
    propagation.disable();
    trace.disable();
  });
}

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

it("traces and measures calls", async () => {
  startSdk();

  const observer = createOtelObserver({
    // A watch that its client closes has done its work.
    isError: ({ code, endedBy }) =>
      code === Code.Canceled && endedBy === "client" ? false : undefined,
  });
  const { transport } = await start((router) => {
    registerMonitorService(router, monitor, { observer });
  });
  const client = createMonitorServiceClient(transport, { observer });

  const stream = client.watch({ interval: 1 });
  await stream.recv();
  stream.close();
  await expect.poll(() => exporter.getFinishedSpans().length).toBe(2);
  const [first, second] = exporter.getFinishedSpans();
  expect(first?.name).toBe("monitor.v1.MonitorService/Watch");
  expect(first?.spanContext().traceId).toBe(second?.spanContext().traceId);
  expect([first?.status.code, second?.status.code]).toEqual([0, 0]);
});

it("gives streams buckets of their own", async () => {
  const reader = new Reader();
  const meterProvider = new MeterProvider({
    readers: [reader],
    views: [
      {
        instrumentName: "rpc.*.call.duration",
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: [0.01, 0.1, 1, 10, 60, 600, 3600, 36_000] },
        },
      },
    ],
  });
  const observer = createOtelObserver({ meterProvider });
  const { transport } = await start((router) => {
    registerMonitorService(router, monitor);
  });
  const stream = createMonitorServiceClient(transport, { observer }).watch({ interval: 1 });
  await stream.recv();
  stream.close();
  await stream.outcome;
  const { resourceMetrics } = await reader.collect();
  const [duration] = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  expect(duration?.descriptor.name).toBe("rpc.client.call.duration");
  expect(duration?.dataPoints[0]?.value).toMatchObject({
    buckets: { boundaries: [0.01, 0.1, 1, 10, 60, 600, 3600, 36_000] },
  });
});
