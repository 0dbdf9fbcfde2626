// SPDX-License-Identifier: Apache-2.0
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { createOtelObserver } from "connect-stream/otel";
import { ourPeer } from "./ours.js";
import type { Peer } from "./peer.js";

/** To send what was gathered somewhere is not measured. */
class NoReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

const noProcessor: SpanProcessor = {
  onStart: () => undefined,
  onEnd: () => undefined,
  forceFlush: async () => undefined,
  shutdown: async () => undefined,
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const observer = createOtelObserver({
  // Every call is sampled.
  tracerProvider: new BasicTracerProvider({ spanProcessors: [noProcessor] }),
  meterProvider: new MeterProvider({ readers: [new NoReader()] }),
  propagator: new W3CTraceContextPropagator(),
});

/** Ours, with OpenTelemetry's SDK, on both sides. */
export const oursWithOtel: Peer = ourPeer({ observer });
