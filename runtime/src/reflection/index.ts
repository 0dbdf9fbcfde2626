// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation gRPC's reflection service, on any Connect router. */
export { type ReflectionServiceOptions, registerReflection } from "./register.js";
