// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { CliError, UsageError } from "../exit.js";
import { hint, orList } from "../options.js";
import type { Schema } from "./schema.js";

/**
 * The RPC that `name` means: `package.Service/Method`, `package.Service.Method`, or without the
 * package if only one service is called so. Throws an error with the name that was probably meant.
 */
export async function findMethod(schema: Schema, name: string): Promise<DescMethod> {
  const at = name.includes("/") ? name.lastIndexOf("/") : name.lastIndexOf(".");
  const [serviceName, methodName] = [name.slice(0, at).replace(/^\//, ""), name.slice(at + 1)];
  if (at <= 0 || methodName === "" || serviceName === "") {
    throw new UsageError(
      `${JSON.stringify(name)} is not the name of an RPC; use package.Service/Method`,
    );
  }
  const service = await findService(schema, serviceName);
  const method = service.methods.find((one) => one.name === methodName);
  if (method) return method;
  const names = service.methods.map((one) => one.name);
  const known = hint(methodName, names) || `; it has ${names.join(", ") || "none"}`;
  throw new CliError(`${service.typeName} has no RPC ${methodName}${known}`);
}

async function findService(schema: Schema, name: string): Promise<DescService> {
  const exact = await schema.findService(name);
  if (exact) return exact;
  const names = await schema.serviceNames();
  const [only, ...more] = names.filter((one) => one.endsWith(`.${name}`));
  if (only !== undefined && more.length > 0) {
    throw new CliError(`${name} may be ${orList([only, ...more])}; give the full name`);
  }
  const short = only !== undefined && (await schema.findService(only));
  if (short) return short;
  throw new CliError(`unknown service ${name}${meant(name, names)}`);
}

/** The package takes so much of a full name that only names without it are compared, too. */
function meant(name: string, names: readonly string[]): string {
  const near = hint(name, names);
  if (near) return near;
  const last = (full: string) => full.slice(full.lastIndexOf(".") + 1);
  const same = names.find((one) => hint(last(name), [last(one)]) !== "");
  if (same !== undefined) return `; did you mean ${same}?`;
  return names.length > 0 ? `; known: ${names.join(", ")}` : "; the schema has none";
}
