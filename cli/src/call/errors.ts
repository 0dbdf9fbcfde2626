// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a failed call says, for people and as JSON. */
import {
  create,
  createRegistry,
  type DescMethod,
  getOption,
  hasOption,
  type JsonValue,
} from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import {
  BadRequestSchema,
  type ConnectError,
  findErrorInfo,
  findRetryDelayMs,
} from "connect-stream";
import {
  type DeclaredError,
  method as methodOption,
  service as serviceOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { Schema } from "../schema/schema.js";
import { statusLine } from "../status.js";
import { messageJson } from "./json.js";

/** The lines on standard error: status, declared error, details. */
export async function errorText(
  error: ConnectError,
  method: DescMethod,
  schema: Schema,
): Promise<string> {
  const lines = [statusLine(error)];
  const declared = declaredLine(error, method);
  if (declared !== undefined) lines.push(`  ${declared}`);
  for (const detail of error.details) {
    if ("type" in detail) lines.push(`  ${await detailLine(detail, schema)}`);
  }
  return lines.join("\n");
}

async function detailLine(
  { type, value }: { type: string; value: Uint8Array },
  schema: Schema,
): Promise<string> {
  const any = create(AnySchema, { typeUrl: `type.googleapis.com/${type}`, value });
  let json: JsonValue;
  try {
    json = await messageJson(AnySchema, any, withStandardDetails(schema));
  } catch {
    json = { "@type": any.typeUrl, value: Buffer.from(value).toString("base64") };
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return type;
  const { "@type": _, ...fields } = json;
  return `${type} ${JSON.stringify(fields)}`;
}

/** Servers have Google's standard details without a schema that imports them. */
function withStandardDetails(schema: Schema): Schema {
  return {
    get registry() {
      return createRegistry(BadRequestSchema.file, schema.registry);
    },
    serviceNames: () => schema.serviceNames(),
    findService: (name) => schema.findService(name),
    async resolve(typeName) {
      // Without an answer, the bytes are shown.
      if (!this.registry.getMessage(typeName))
        await schema.resolve(typeName).catch(() => undefined);
    },
    close: () => schema.close(),
  };
}

/** What the schema declares of the error, if it does. */
function declaredLine(error: ConnectError, method: DescMethod): string | undefined {
  const info = findErrorInfo(error);
  const found =
    info && declaredErrors(method, info.domain).find((one) => one.reason === info.reason);
  if (!found) return undefined;
  const retryMs = findRetryDelayMs(error);
  const notes = [
    ...(found.temporary ? ["temporary"] : []),
    ...(found.timeout ? ["timeout"] : []),
    ...(retryMs === undefined ? [] : [`retry after ${retryMs} ms`]),
  ];
  return [`declared: ${found.reason}${found.when ? `, ${found.when}` : ""}`, ...notes].join("; ");
}

function declaredErrors(method: DescMethod, domain: string): readonly DeclaredError[] {
  const service = hasOption(method.parent, serviceOption)
    ? getOption(method.parent, serviceOption)
    : undefined;
  if (domain !== (service?.errorDomain || method.parent.typeName)) return [];
  const own = hasOption(method, methodOption) ? getOption(method, methodOption).errors : [];
  return [...own, ...(service?.errors ?? [])];
}
