// SPDX-License-Identifier: Apache-2.0
import { type Attributes, context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  type Histogram,
  MeterProvider,
  type MetricData,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { createOtelObserver, type OtelObserverOptions } from "connect-stream/otel";
import { until } from "./gate.js";

/** The SDK of OpenTelemetry, which keeps what it is told. */
export class Telemetry {
  readonly #spans = new InMemorySpanExporter();
  readonly #reader = new Reader();
  readonly propagator = new W3CTraceContextPropagator();
  readonly tracerProvider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(this.#spans)],
  });
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] });

  constructor() {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  }

  observer(options: OtelObserverOptions = {}) {
    const { tracerProvider, meterProvider, propagator } = this;
    return createOtelObserver({ tracerProvider, meterProvider, propagator, ...options });
  }

  /** All spans, when `count` of them have ended. */
  async spans(count: number): Promise<ReadableSpan[]> {
    await until(() => this.#spans.getFinishedSpans().length >= count);
    return this.#spans.getFinishedSpans();
  }

  async metric(name: string): Promise<MetricData | undefined> {
    const { resourceMetrics, errors } = await this.#reader.collect();
    if (errors.length > 0) throw errors[0];
    return resourceMetrics.scopeMetrics
      .flatMap(({ metrics }) => metrics)
      .find(({ descriptor }) => descriptor.name === name);
  }

  /** The values of a metric, each with its attributes. */
  async values(name: string): Promise<{ attributes: Attributes; value: number | Histogram }[]> {
    const metric = await this.metric(name);
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => ({
      attributes,
      value: value as number | Histogram,
    }));
  }
}

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}
