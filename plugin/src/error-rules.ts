// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a declared error may say. */
import {
  Code,
  CodeSchema,
  type DeclaredError,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { isInRange, milliseconds, rangeText } from "connect-stream/options";
import type { OptionPlace } from "./option-place.js";
import { quote, SchemaError } from "./schema-error.js";

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto */
const reasonFormat = /^[A-Z][A-Z0-9_]+[A-Z0-9]$/;
const MAX_REASON_LENGTH = 63;

/**
 * Google's rule has no format: a domain is unique in the world, as the name of a service is. So it
 * is what host names and full names of services are made of. https://google.aip.dev/193
 */
const domainFormat = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/;

/** Throws a `SchemaError` for an invalid domain. Without any, it is the service's name. */
export function checkDomain(where: OptionPlace, domain: string): void {
  if (domain === "" || domainFormat.test(domain)) return;
  const allowed =
    'A-Z, a-z, 0-9, "-" and "_", in words joined by ".", as in hosts.example.com, or nothing for the service\'s full name';
  throw refused(where, quote(domain), allowed);
}

/** Throws a `SchemaError` for an invalid error. */
export function checkError(where: OptionPlace, declared: DeclaredError): void {
  const { reason, code, when } = declared;
  if (!reasonFormat.test(reason) || reason.length > MAX_REASON_LENGTH) {
    const allowed = `A-Z, 0-9 and "_", a letter first, no "_" last, from 3 to ${MAX_REASON_LENGTH} characters`;
    throw refused(where.field("reason"), quote(reason), allowed);
  }
  checkCode(where.field("code"), code);
  if (when.trim() === "") {
    throw refused(where.field("when"), quote(when), "a sentence that says when it happens");
  }
  checkDelay(where.field("retry_delay_ms"), declared);
}

/** A canceled call is one whose client has gone away, for observers, retries and handlers alike. */
const notOfErrors: readonly number[] = [Code.UNSPECIFIED, Code.CANCELED];

function checkCode(where: OptionPlace, code: Code): void {
  const allowed = CodeSchema.values.filter(({ number }) => !notOfErrors.includes(number));
  if (allowed.some(({ number }) => number === code)) return;
  const name = CodeSchema.values.find(({ number }) => number === code)?.name ?? String(code);
  const because = code === Code.CANCELED ? ", which means that the client has left" : "";
  throw refused(where, `${name}${because}`, allowed.map((value) => value.name).join(", "));
}

function checkDelay(where: OptionPlace, { temporary, retryDelayMs }: DeclaredError): void {
  if (retryDelayMs === undefined) return;
  if (!temporary) {
    throw new SchemaError(`${where} is for temporary errors: set temporary: true`, where);
  }
  if (!isInRange(milliseconds.range, retryDelayMs)) {
    throw refused(where, String(retryDelayMs), rangeText(milliseconds.range));
  }
}

function refused(where: OptionPlace, value: string, allowed: string): SchemaError {
  return new SchemaError(`${where}: invalid value ${value}, allowed: ${allowed}`, where);
}
