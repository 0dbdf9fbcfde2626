// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation OpenTelemetry for calls. Needs its API and its semantic conventions. */
export type { OtelObserverOptions } from "./options.js";
export { createOtelObserver } from "./otel-observer.js";
