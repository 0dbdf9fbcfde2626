// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { StreamClientOptions } from "../api/options.js";
import { clientMethods } from "../client/methods.js";
import { type CallDefaults, createPipeline } from "../client/pipeline.js";
import { withMetadata } from "../client/with-metadata.js";
import { checkOptions, resolve, type Scope } from "../options/declare.js";
import { type CallPolicy, clientOptions } from "../options/policy.js";
import { shown } from "../options/settings.js";
import { prepare, resolveValidation } from "../options/validation.js";
import { heartbeatOf } from "../protocol/heartbeat.js";
import { methodsOf, type RpcMethod } from "../protocol/method-kind.js";
import { type RpcSpec, type RpcSpecs, specOf } from "./rpc-spec.js";

/** Creates the client of `service`, of the generated type `C`. For `specs` see `registerService`. */
export function createServiceClient<C extends object>(
  service: DescService,
  transport: Transport,
  options: StreamClientOptions = {},
  specs: RpcSpecs<CallPolicy> = {},
): C {
  checkTransport(service, transport);
  // Even for a service without RPCs.
  checkOptions(clientOptions, options);
  const client = {};
  for (const method of methodsOf(service)) {
    const { spec, member } = specOf(specs, method);
    prepare(options.validation, method, "response", spec.initialMetadata);
    // Not an assignment: an RPC may have the name of a setter that all objects inherit.
    Object.defineProperty(client, member, {
      value: clientMethod(method, transport, defaultsOf(method, spec, options), spec),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return client as C;
}

function clientMethod(
  method: RpcMethod,
  transport: Transport,
  defaults: CallDefaults,
  { initialMetadata }: RpcSpec<CallPolicy>,
) {
  const start = createPipeline(method, transport, defaults);
  const { methodKind } = method;
  const takesRequest = methodKind === "unary" || methodKind === "server_streaming";
  if (takesRequest || !initialMetadata) return clientMethods[methodKind](start);
  return withMetadata(clientMethods[methodKind](start), initialMetadata, ({ validation }) =>
    resolveValidation(defaults.validation, validation, method),
  );
}

/** Without types, a transport is easily forgotten; its calls could only fail one by one. */
function checkTransport({ typeName }: DescService, transport: Partial<Transport> | undefined) {
  if (typeof transport?.unary === "function" && typeof transport.stream === "function") return;
  throw new TypeError(
    `the client of ${typeName} needs a transport, such as createStreamTransport of connect-stream/node gives, not ${shown(transport)}`,
  );
}

/** What the code says goes before what the schema says. */
function defaultsOf(
  method: RpcMethod,
  { policy, heartbeat }: RpcSpec<CallPolicy>,
  code: StreamClientOptions,
): CallDefaults {
  const scope: Scope = { side: "client", methodKind: method.methodKind };
  return {
    ...resolve<CallPolicy>(clientOptions, scope, policy, code),
    validation: code.validation,
    observer: code.observer,
    heartbeat: heartbeatOf(method, heartbeat),
  };
}
