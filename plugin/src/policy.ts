// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The policy of each RPC: what its service and it say, checked and joined. */
import {
  create,
  type DescMessage,
  type DescMethod,
  type DescService,
  type MessageShape,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type ClientPolicy,
  ClientPolicySchema,
  MethodPolicySchema,
  method as methodOption,
  RetryPolicySchema,
  type ServerPolicy,
  ServerPolicySchema,
  ServicePolicySchema,
  service as serviceOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { type DeclaredHeartbeat, heartbeatOf } from "./heartbeat.js";
import { type FindMessage, initialMetadataOf } from "./initial-metadata.js";
import { checkValues, type Side, whyIneffective } from "./policy-rules.js";
import { SchemaError } from "./schema-error.js";
import { optionOf, type SchemaOptions } from "./schema-options.js";

/** What a schema says of one RPC. */
export interface RpcPolicy {
  readonly server: ServerPolicy;
  readonly client: ClientPolicy;
  readonly heartbeat: DeclaredHeartbeat | undefined;
  readonly initialMetadata: DescMessage | undefined;
}

/** The policies of a service's RPCs. Throws a `SchemaError` if they are invalid. */
export function policiesOf(
  service: DescService,
  options: SchemaOptions,
  findMessage: FindMessage,
): ReadonlyMap<DescMethod, RpcPolicy> {
  const general = options.service(service);
  if (general) checkValues(optionOf(service, serviceOption), reflect(ServicePolicySchema, general));
  const policies = service.methods.map((method) => {
    const own = options.method(method);
    if (own) checkValues(optionOf(method, methodOption), reflect(MethodPolicySchema, own));
    const policy: RpcPolicy = {
      server: joined(method, "server", ServerPolicySchema, general?.server, own?.server),
      client: joined(method, "client", ClientPolicySchema, general?.client, own?.client),
      heartbeat: own && heartbeatOf(method, own),
      initialMetadata: own && initialMetadataOf(method, own, findMessage),
    };
    return [method, policy] as const;
  });
  return new Map(policies);
}

/** What a service says goes for those RPCs where it has an effect; an RPC must not say it in vain. */
function joined<D extends DescMessage>(
  method: DescMethod,
  side: Side,
  schema: D,
  general: MessageShape<D> | undefined,
  particular: MessageShape<D> | undefined,
): MessageShape<D> {
  const policy = create(schema);
  const target = reflect(schema, policy);
  const isVain = (path: string) => whyIneffective(method, side, path) !== undefined;
  if (general) merge(target, reflect(schema, general), isVain);
  if (particular) {
    merge(target, reflect(schema, particular), (path) => {
      const reason = whyIneffective(method, side, path);
      if (reason === undefined) return false;
      throw new SchemaError(`${optionOf(method, methodOption)}.${side}.${path} ${reason}`);
    });
  }
  return policy;
}

/** Sets in `target` what is set in `source`, key by key, without what `leavesOut` says. */
function merge(
  target: ReflectMessage,
  source: ReflectMessage,
  leavesOut: (path: string) => boolean,
  prefix: string = "",
): void {
  for (const field of source.fields) {
    const path = `${prefix}${field.name}`;
    if (!source.isSet(field) || leavesOut(path)) continue;
    if (field.fieldKind === "message" && !isWhole(field.message)) {
      const into = target.get(field);
      merge(into, source.get(field), leavesOut, `${path}.`);
      target.set(field, into);
    } else {
      target.set(field, source.get(field));
    }
  }
}

/** Attempts, waits and codes of a retry policy are chosen together. Code replaces them so, too. */
function isWhole({ typeName }: DescMessage): boolean {
  return typeName === RetryPolicySchema.typeName;
}
