// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation gRPC's health service, on any Connect router. */
export { createHealth, type Health, type ServingStatus } from "./health.js";
export { type HealthServiceOptions, registerHealth } from "./register.js";
