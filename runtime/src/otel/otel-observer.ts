// SPDX-License-Identifier: Apache-2.0
import { metrics, SpanKind, type Tracer, trace } from "@opentelemetry/api";
import type { CallObserver, ObservedCall, RpcObserver } from "../api/observer.js";
import { VERSION } from "../api/version.js";
import { definedOnly } from "../options/settings.js";
import { methodName, peerAttributes, rpcAttributes, serverAttributes } from "./attributes.js";
import { type Instruments, instrumentsOf } from "./instruments.js";
import type { OtelObserverOptions } from "./options.js";
import { OtelCall, OtelStream } from "./otel-call.js";
import { inject, parentOf } from "./propagation.js";
import { SCHEMA_URL, SCOPE } from "./scope.js";

/**
 * Creates an observer that reports calls to OpenTelemetry, for services and for clients: a span for
 * each call, by the semantic conventions for RPC, and metrics, by these conventions and of our own.
 * The context travels from client to server in request headers, and a handler runs in the context
 * of its span.
 * https://opentelemetry.io/docs/specs/semconv/rpc/
 */
export function createOtelObserver(options: OtelObserverOptions = {}): RpcObserver {
  return new OtelObserver(options);
}

class OtelObserver implements RpcObserver {
  readonly #options: OtelObserverOptions;
  #tracer: Tracer | undefined;
  #instruments: Readonly<Record<ObservedCall["side"], Instruments>> | undefined;

  constructor(options: OtelObserverOptions) {
    this.#options = options;
  }

  open(call: ObservedCall): CallObserver {
    const { propagator, meterProvider, attributes, isError } = this.#options;
    const rpc = rpcAttributes(call);
    const server = serverAttributes(call);
    const more = definedOnly(attributes?.(call) ?? {});
    const parent = parentOf(call, propagator);
    const ofSpan = { ...rpc, ...server, ...peerAttributes(call), ...more };
    const spanOptions = { kind: kinds[call.side], attributes: ofSpan };
    const span = this.#tracerToUse().startSpan(methodName(call), spanOptions, parent);
    const within = trace.setSpan(parent, span);
    if (call.side === "client") inject(call, within, propagator);
    this.#instruments ??= instrumentsOf(meterProvider ?? metrics.getMeterProvider());
    const init = {
      call,
      span,
      within,
      isError,
      instruments: this.#instruments[call.side],
      // A server's own address is what its clients call it: not for metrics.
      attributes: call.side === "client" ? { ...rpc, ...server, ...more } : { ...rpc, ...more },
    };
    return call.method.methodKind === "unary" ? new OtelCall(init) : new OtelStream(init);
  }

  #tracerToUse(): Tracer {
    const provider = this.#options.tracerProvider ?? trace.getTracerProvider();
    this.#tracer ??= provider.getTracer(SCOPE, VERSION, { schemaUrl: SCHEMA_URL });
    return this.#tracer;
  }
}

const kinds = { server: SpanKind.SERVER, client: SpanKind.CLIENT };
