// SPDX-License-Identifier: Apache-2.0
import {
  type Context,
  context,
  propagation,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from "@opentelemetry/api";
import type { ObservedCall } from "../api/observer.js";

const getter: TextMapGetter<Headers> = {
  get: (headers, key) => headers.get(key) ?? undefined,
  keys: (headers) => [...headers.keys()],
};

const setter: TextMapSetter<Headers> = {
  set: (headers, key, value) => headers.set(key, value),
};

/** The context that a call's span belongs to: on a server the one that came with the request. */
export function parentOf(call: ObservedCall, propagator: TextMapPropagator | undefined): Context {
  const active = context.active();
  if (call.side === "client") return active;
  const extracted = (propagator ?? propagation).extract(active, call.requestHeader, getter);
  const here = trace.getSpanContext(active);
  const there = trace.getSpanContext(extracted);
  // Whoever handles HTTP may have begun a span of its own in the client's trace.
  return here && here.traceId === there?.traceId ? active : extracted;
}

/** Sends `within` along with a client's call. */
export function inject(
  call: ObservedCall,
  assertInteger: Context,
  propagator: TextMapPropagator | undefined,
): void {
  (propagator ?? propagation).inject(assertInteger, call.requestHeader, setter);
}
