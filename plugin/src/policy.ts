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
  type ServerPolicy,
  ServerPolicySchema,
  ServicePolicySchema,
  service as serviceOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import {
  isGroup,
  type Scope,
  type Settings,
  type Side,
  schemaPolicy,
} from "connect-stream/options";
import { type DeclaredHeartbeat, heartbeatOf } from "./heartbeat.js";
import { type FindMessage, initialMetadataOf } from "./initial-metadata.js";
import { checkValues, whyIneffective } from "./policy-rules.js";
import { type Report, raise, reporting, SchemaError } from "./schema-error.js";
import { optionOf, type SchemaOptions } from "./schema-options.js";

/** What a schema says of one RPC. */
export interface RpcPolicy {
  readonly server: ServerPolicy;
  readonly client: ClientPolicy;
  readonly heartbeat: DeclaredHeartbeat | undefined;
  readonly initialMetadata: DescMessage | undefined;
}

/** The policies of a service's RPCs. Reports what is invalid in them. */
export function policiesOf(
  service: DescService,
  options: SchemaOptions,
  findMessage: FindMessage,
  report: Report = raise,
): ReadonlyMap<DescMethod, RpcPolicy> {
  const general = reporting(report, () => options.service(service));
  if (general) {
    checkValues(optionOf(service, serviceOption), reflect(ServicePolicySchema, general), report);
  }
  const policies = service.methods.map((method) => {
    const own = reporting(report, () => options.method(method));
    if (own) {
      checkValues(optionOf(method, methodOption), reflect(MethodPolicySchema, own), report);
    }
    const policy: RpcPolicy = {
      server: joined(method, "server", ServerPolicySchema, general?.server, own?.server, report),
      client: joined(method, "client", ClientPolicySchema, general?.client, own?.client, report),
      heartbeat: reporting(report, () => own && heartbeatOf(method, own)),
      initialMetadata: reporting(report, () => own && initialMetadataOf(method, own, findMessage)),
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
  report: Report,
): MessageShape<D> {
  const policy = create(schema);
  const target = reflect(schema, policy);
  const { settings } = schemaPolicy[side];
  const scope: Scope = { side, methodKind: method.methodKind };
  if (general) merge(target, reflect(schema, general), settings, scope);
  if (particular) {
    merge(target, reflect(schema, particular), settings, scope, (path, reason) => {
      const where = optionOf(method, methodOption).field(`${side}.${path}`);
      report(new SchemaError(`${where} ${reason}`, where));
    });
  }
  return policy;
}

/** Sets in `target` what is set in `source` and has an effect, key by key. */
function merge(
  target: ReflectMessage,
  source: ReflectMessage,
  settings: Settings,
  scope: Scope,
  onVain?: (path: string, reason: string) => void,
): void {
  for (const field of source.fields) {
    const declared = settings[field.localName];
    if (!declared || !source.isSet(field)) continue;
    const reason = whyIneffective(declared, scope);
    if (reason !== undefined) onVain?.(field.name, reason);
    else if (field.fieldKind === "message" && isGroup(declared) && !declared.atomic) {
      const into = target.get(field);
      const refuse =
        onVain && ((path: string, why: string) => onVain(`${field.name}.${path}`, why));
      merge(into, source.get(field), declared.settings, scope, refuse);
      target.set(field, into);
    } else target.set(field, source.get(field));
  }
}
