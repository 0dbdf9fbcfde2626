// SPDX-License-Identifier: Apache-2.0
import type {
  Attributes,
  MeterProvider,
  TextMapPropagator,
  TracerProvider,
} from "@opentelemetry/api";
import type { ObservedCall } from "../api/observer.js";
import type { StreamOutcome } from "../api/outcome.js";

/** Options of `createOtelObserver`. What is left out is the global one, as it is at the first call. */
export interface OtelObserverOptions {
  /** Makes the tracer. */
  tracerProvider?: TracerProvider;

  /** Makes the meter. */
  meterProvider?: MeterProvider;

  /** Carries the context in request headers, for W3C's `traceparent` and the like. */
  propagator?: TextMapPropagator;

  /**
   * More attributes for the span and the duration of a call, or others in the place of the
   * conventional ones: `server.address` for a client whose transport does not tell. Few different
   * values: each makes a metric of its own. Default: none.
   */
  attributes?: (call: ObservedCall) => Attributes;

  /**
   * Whether a call that ended so failed, which sets `error.type` and the status of its span. Not
   * asked for calls that succeeded. `undefined`, which is the default: as the conventions have it. On
   * a client, any code. On a server, `unknown`, `deadline_exceeded`, `unimplemented`, `internal`,
   * `unavailable` and `data_loss`: others are mistakes of the client, or its wish.
   */
  isError?: (outcome: StreamOutcome, call: ObservedCall) => boolean | undefined;
}
