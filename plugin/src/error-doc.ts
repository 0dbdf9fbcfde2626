// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Declared errors, in sentences for TSDoc. */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { CodeSchema } from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { ServiceError, ServiceErrors } from "./errors.js";
import { sentence } from "./tsdoc.js";
import { duration } from "./units.js";

/** The errors that an RPC declares, by name; empty if there are none. */
export function rpcErrorsDoc(
  method: DescMethod,
  errors: ServiceErrors | undefined,
  constant: string,
): string {
  const members = errors?.members.get(method) ?? [];
  if (members.length === 0) return "";
  return `Declared errors of \`${constant}\`: ${members.map((name) => `\`${name}\``).join(", ")}.`;
}

/** What is declared of an error: its code, when it happens, what to do, and which RPCs have it. */
export function errorDoc({ declared, methods }: ServiceError, service: DescService): string {
  const { code, when, temporary, timeout, retryDelayMs } = declared;
  const name = CodeSchema.values.find(({ number }) => number === code)?.localName ?? "";
  const parts = [`\`${name.toLowerCase()}\`: ${sentence(when)}`];
  if (timeout) parts.push("A timeout.");
  if (retryDelayMs !== undefined) parts.push(`Temporary: retry after ${duration(retryDelayMs)}.`);
  else if (temporary) parts.push("Temporary.");
  if (methods.size < service.methods.length) {
    parts.push(`RPCs: ${[...methods].map(({ name }) => name).join(", ")}.`);
  }
  return parts.join(" ");
}
