// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Declared errors, in sentences for TSDoc. */
import type { DescMethod } from "@bufbuild/protobuf";
import { CodeSchema } from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { ServiceError, ServiceErrors } from "./errors.js";
import { sentence } from "./tsdoc.js";
import { duration } from "./units.js";

/** The errors that an RPC declares, as a list; empty if there are none. */
export function rpcErrorsDoc(
  method: DescMethod,
  errors: ServiceErrors | undefined,
  constant: string,
): string {
  const own = errors?.byMethod.get(method) ?? [];
  if (own.length === 0) return "";
  const lines = own.map((error) => `- \`${error.member}\`, ${errorDoc(error)}`);
  return [`It may end with these errors of \`${constant}\`:`, ...lines].join("\n");
}

/** What is declared of an error: its code, when it happens, and what to do. */
export function errorDoc({ declared }: ServiceError): string {
  const { code, when, temporary, timeout, retryDelayMs } = declared;
  const name = CodeSchema.values.find(({ number }) => number === code)?.localName ?? "";
  const parts = [`\`${name.toLowerCase()}\`: ${sentence(when)}`];
  if (timeout) parts.push("Something took too long.");
  if (retryDelayMs !== undefined)
    parts.push(`Temporary: try again after ${duration(retryDelayMs)}.`);
  else if (temporary) parts.push("Temporary: try again later.");
  return parts.join(" ");
}

/** Which RPCs may end with an error, if the service has any. */
export function rpcsOf({ methods }: ServiceError): string {
  return methods.size === 0 ? "" : `Of ${[...methods].map(({ name }) => name).join(", ")}.`;
}
