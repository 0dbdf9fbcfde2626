// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { StreamClientOptions } from "../api/options.js";
import { clientMethods } from "../client/methods.js";
import { type CallDefaults, createPipeline } from "../client/pipeline.js";
import { withMetadata } from "../client/with-metadata.js";
import { checkObserver } from "../observe/check.js";
import { resolvePolicy } from "../options/policy.js";
import { assertNumber, shown } from "../options/settings.js";
import { prepare, resolveValidation } from "../options/validation.js";
import { heartbeatOf } from "../protocol/heartbeat.js";
import { methodsOf, type RpcMethod } from "../protocol/method-kind.js";
import { type ClientPolicy, type RpcSpec, type RpcSpecs, specOf } from "./rpc-spec.js";

/** Creates the client of `service`, of the generated type `C`. For `specs` see `registerService`. */
export function createServiceClient<C extends object>(
  service: DescService,
  transport: Transport,
  options: StreamClientOptions = {},
  specs: RpcSpecs<ClientPolicy> = {},
): C {
  checkTransport(service, transport);
  checkOptions(options);
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
  { initialMetadata }: RpcSpec<ClientPolicy>,
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

/** Throws a `RangeError` for invalid options, even for a service without RPCs. */
function checkOptions(options: StreamClientOptions): void {
  const { timeoutMs, observer } = options;
  resolvePolicy(undefined, options);
  if (timeoutMs !== undefined) assertNumber("timeoutMs", timeoutMs, 0, Number.POSITIVE_INFINITY);
  checkObserver("observer", observer);
}

/** What the code says goes before what the schema says. */
function defaultsOf(
  method: RpcMethod,
  { policy, heartbeat }: RpcSpec<ClientPolicy>,
  code: StreamClientOptions,
): CallDefaults {
  return {
    timeoutMs: code.timeoutMs ?? policy?.timeoutMs,
    retry: code.retry ?? policy?.retry,
    ...resolvePolicy(policy, code),
    validation: code.validation,
    observer: code.observer,
    heartbeat: heartbeatOf(method, heartbeat),
  };
}
