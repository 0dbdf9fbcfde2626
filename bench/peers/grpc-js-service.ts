// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The service as `@grpc/proto-loader` makes it. This file runs from `bench/dist/peers`. */
export function loadService(): grpc.ServiceClientConstructor {
  const file = fileURLToPath(new URL("../../proto/bench/v1/bench.proto", import.meta.url));
  const loaded = grpc.loadPackageDefinition(loadSync(file, { defaults: true }));
  const at = ["bench", "v1", "BenchService"];
  const service = at.reduce<unknown>((scope, name) => Reflect.get(Object(scope), name), loaded);
  return service as grpc.ServiceClientConstructor;
}
