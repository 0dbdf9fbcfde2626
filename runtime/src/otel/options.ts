// SPDX-License-Identifier: Apache-2.0
import type {
  Attributes,
  MeterProvider,
  TextMapPropagator,
  TracerProvider,
} from "@opentelemetry/api";
import type { ObservedCall } from "../api/observer.js";
import type { StreamOutcome } from "../api/outcome.js";

/**
 * Options of `createOtelObserver`. Unset providers and propagators are the global ones at the first
 * call.
 */
export interface OtelObserverOptions {
  /** Makes the tracer. */
  tracerProvider?: TracerProvider;

  /** Makes the meter. */
  meterProvider?: MeterProvider;

  /** Carries the context in request headers, for W3C's `traceparent` and the like. */
  propagator?: TextMapPropagator;

  /**
   * Adds attributes to the span and the duration of a call, or replaces conventional ones:
   * `server.address`, say, on a client whose transport does not know it. Use few different values:
   * each makes a metric of its own. Default: none.
   */
  attributes?: (call: ObservedCall) => Attributes;

  /**
   * Decides whether a call counts as failed, which sets `error.type` and the status of its span.
   * Not called for calls that succeeded. `undefined`, the default, follows the conventions: on a
   * client any code, on a server `unknown`, `deadline_exceeded`, `unimplemented`, `internal`,
   * `unavailable` and `data_loss`: other codes are the client's mistake or wish.
   */
  isError?: (outcome: StreamOutcome, call: ObservedCall) => boolean | undefined;
}
