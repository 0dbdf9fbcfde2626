// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation gRPC's reflection service, on any Connect router. */
/** The service, for clients: what `registerReflection` serves. */
export { ServerReflection } from "../gen/grpc/reflection/v1/reflection_pb.js";
/** Its older version, which differs in the names of its messages only. */
export { ServerReflection as ServerReflectionV1Alpha } from "../gen/grpc/reflection/v1alpha/reflection_pb.js";
export { type ReflectionServiceOptions, registerReflection } from "./register.js";
