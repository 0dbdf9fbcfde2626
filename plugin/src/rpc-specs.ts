// SPDX-License-Identifier: Apache-2.0
import type { DescEnumValue, DescMethod, DescService } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import type { Printable } from "@bufbuild/protoplugin";
import {
  ClientPolicySchema,
  CodeSchema,
  RetryPolicySchema,
  ServerPolicySchema,
  WhenFullSchema,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { Side } from "connect-stream/options";
import { codeMember, memberName } from "./names.js";
import type { RpcPolicy } from "./policy.js";
import { separated } from "./printer.js";
import type { Symbols } from "./symbols.js";

type Entry = readonly [key: string, value: Printable];

/** The runtime's last argument: what there is to tell of RPCs that their descriptors do not. */
export function rpcSpecs(
  service: DescService,
  side: Side,
  policies: ReadonlyMap<DescMethod, RpcPolicy>,
  symbols: Symbols,
): Printable[] {
  const lines = service.methods.flatMap((method) => {
    const spec = specOf(method, side, policies.get(method), symbols);
    // Computed, because `{ __proto__: … }` and `{ "__proto__": … }` set the prototype.
    const key = method.localName === "__proto__" ? `["__proto__"]` : method.localName;
    return spec.length === 0 ? [] : [["    ", key, ": ", object(spec), ",\n"]];
  });
  return lines.length === 0 ? [] : [["{\n", ...lines, "  }"]];
}

function specOf(
  method: DescMethod,
  side: Side,
  policy: RpcPolicy | undefined,
  symbols: Symbols,
): Entry[] {
  const entries: Entry[] = [];
  const member = memberName(method);
  if (member !== method.localName) entries.push(["member", `"${member}"`]);
  const settings = policy ? settingsOf(reflectSide(policy, side), symbols) : [];
  if (settings.length > 0) entries.push(["policy", object(settings)]);
  if (policy?.initialMetadata) {
    entries.push(["initialMetadata", symbols.schemaValue(policy.initialMetadata)]);
  }
  if (policy?.heartbeat) {
    const { field, intervalMs } = policy.heartbeat;
    const beat: Entry[] = [
      ["field", `"${field.localName}"`],
      ["intervalMs", String(intervalMs)],
    ];
    entries.push(["heartbeat", object(beat)]);
  }
  return entries;
}

function reflectSide({ server, client }: RpcPolicy, side: Side): ReflectMessage {
  return side === "server"
    ? reflect(ServerPolicySchema, server)
    : reflect(ClientPolicySchema, client);
}

/** What is set, by the names that code has for it. */
function settingsOf(message: ReflectMessage, symbols: Symbols): Entry[] {
  return message.fields.flatMap((field): Entry[] => {
    if (!message.isSet(field)) return [];
    const value: unknown = message.get(field);
    if (isReflectMessage(value)) {
      const settings = settingsOf(value, symbols);
      // Of a retry policy, none is one with all defaults.
      const counts = settings.length > 0 || value.desc.typeName === RetryPolicySchema.typeName;
      return counts ? [[field.localName, object(settings)]] : [];
    }
    if (field.fieldKind === "list") {
      const codes = [...message.get(field)].map((code) => codeOf(code, symbols));
      return [[field.localName, ["[", separated(codes), "]"]]];
    }
    return [[field.localName, field.enum ? whenFull(value) : String(value)]];
  });
}

function codeOf(code: unknown, symbols: Symbols): Printable {
  return [symbols.value("Code"), ".", codeMember(enumValue(CodeSchema.values, code))];
}

function whenFull(value: unknown): string {
  const { localName } = enumValue(WhenFullSchema.values, value);
  return `"${localName.toLowerCase().replace("_", "-")}"`;
}

function enumValue(values: readonly DescEnumValue[], number: unknown): DescEnumValue {
  const value = values.find((candidate) => candidate.number === number);
  if (!value) throw new TypeError(`no value has the number ${number}`);
  return value;
}

function object(entries: readonly Entry[]): Printable {
  if (entries.length === 0) return "{}";
  return ["{ ", separated(entries.map(([key, value]) => [key, ": ", value])), " }"];
}
