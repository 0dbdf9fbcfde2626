// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type { StreamClientOptions } from "../api/options.js";
import { clientMethods } from "../client/methods.js";
import type { CallParts } from "../client/parts.js";
import { type CallDefaults, createPipeline } from "../client/pipeline.js";
import type { withMetadata } from "../client/with-metadata.js";
import type { Scope } from "../options/declare.js";
import type { CallPolicy } from "../options/policy.js";
import { shown } from "../options/settings.js";
import { prepare, resolveValidation } from "../options/validation.js";
import type { heartbeatOf } from "../protocol/heartbeat.js";
import { methodsOf, type RpcMethod } from "../protocol/method-kind.js";
import { type RpcSpec, type RpcSpecs, specOf } from "./rpc-spec.js";

/** What a client has only if its schema asks for it: initial metadata, and heartbeats. */
export interface SchemaParts {
  readonly withMetadata?: typeof withMetadata;
  readonly heartbeatOf?: typeof heartbeatOf;
}

type Parts = CallParts & SchemaParts;

/** Creates the client of a service, of the generated type `C`. For `specs` see `registerService`. */
export type CreateClient = <C extends object>(
  service: DescService,
  transport: Transport,
  options?: StreamClientOptions,
  specs?: RpcSpecs<CallPolicy>,
) => C;

/** Creates a client of these parts. */
export function createClient<C extends object>(
  callParts: CallParts,
  schemaParts: SchemaParts,
  service: DescService,
  transport: Transport,
  options: StreamClientOptions = {},
  specs: RpcSpecs<CallPolicy> = {},
): C {
  const parts = { ...callParts, ...schemaParts };
  checkTransport(service, transport);
  // Even for a service without RPCs.
  parts.checkClient(options);
  const client = {};
  for (const method of methodsOf(service)) {
    const { spec, member } = specOf(specs, method);
    prepare(options.validation, method, "response", spec.initialMetadata);
    // Not an assignment: an RPC may have the name of a setter that all objects inherit.
    Object.defineProperty(client, member, {
      value: clientMethod(method, transport, defaultsOf(method, spec, options, parts), spec, parts),
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
  parts: Parts,
) {
  const start = createPipeline(method, transport, defaults, parts);
  const { methodKind } = method;
  const takesRequest = methodKind === "unary" || methodKind === "server_streaming";
  if (takesRequest || !initialMetadata || !parts.withMetadata) {
    return clientMethods[methodKind](start);
  }
  return parts.withMetadata(clientMethods[methodKind](start), initialMetadata, ({ validation }) =>
    resolveValidation(defaults.validation, validation, method),
  );
}

/** Without types, a transport is easily forgotten; its calls could only fail one by one. */
function checkTransport({ typeName }: DescService, transport: Partial<Transport> | undefined) {
  if (typeof transport?.unary === "function" && typeof transport.stream === "function") return;
  throw new TypeError(
    `the client of ${typeName} needs a transport, such as one from createStreamTransport of connect-stream/node, not ${shown(transport)}`,
  );
}

/** What the code says goes before what the schema says. */
function defaultsOf(
  method: RpcMethod,
  { policy, heartbeat }: RpcSpec<CallPolicy>,
  code: StreamClientOptions,
  { resolveClient, heartbeatOf }: Parts,
): CallDefaults {
  const scope: Scope = { side: "client", methodKind: method.methodKind };
  return {
    ...resolveClient(scope, policy, code),
    validation: code.validation,
    observer: code.observer,
    heartbeat: heartbeatOf?.(method, heartbeat),
  };
}
