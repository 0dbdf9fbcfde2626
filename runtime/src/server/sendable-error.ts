// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { findInvalidHeader } from "../protocol/header-value.js";
import { isReservedField } from "../protocol/reserved-fields.js";

type Detail = ConnectError["details"][number];

/** An error as any protocol can send it. */
export interface SendableError {
  readonly error: ConnectError;
  /** Names what the error had and no protocol can send. */
  readonly fault?: Error;
}

const loneSurrogates = /\p{Surrogate}/gu;

/**
 * Makes an error fit to be sent, by any protocol. A client's error that a handler lets through has
 * the headers of the response it came with, which are not metadata: they are left out. So are
 * values and details that cannot be encoded; the rest arrives, with its code.
 */
export function sendableError(thrown: ConnectError): SendableError {
  try {
    const leftOut: string[] = [];
    const error = rewritten(thrown, leftOut);
    if (leftOut.length === 0) return { error };
    const text = `cannot send an error with ${leftOut.join(", ")}`;
    return { error, fault: new Error(text, { cause: thrown }) };
  } catch (cause) {
    // No error of Connect's making: its parts are not what they should be.
    const error = new ConnectError("internal error", Code.Internal, undefined, undefined, thrown);
    return { error, fault: new Error("cannot send an error", { cause }) };
  }
}

/** The same error if there is nothing to change. */
function rewritten(thrown: ConnectError, leftOut: string[]): ConnectError {
  const fields = [...thrown.metadata];
  const metadata = fields.filter((field) => isMetadata(field, leftOut));
  const details = thrown.details.filter((detail) => isEncodable(detail, leftOut));
  const text = String(thrown.rawMessage).replace(loneSurrogates, "\ufffd");
  // Codes that do not exist have no status, and 0 is success.
  const code = isCode(thrown.code) ? thrown.code : Code.Unknown;
  const same =
    metadata.length === fields.length &&
    details.length === thrown.details.length &&
    text === thrown.rawMessage &&
    code === thrown.code;
  if (same) return thrown;
  const error = new ConnectError(text, code, metadata, undefined, thrown.cause);
  error.details = details;
  if (thrown.stack !== undefined) error.stack = thrown.stack;
  return error;
}

/** `Code` has the names of codes as keys, too. */
function isCode(code: unknown): boolean {
  return typeof code === "number" && Code[code] !== undefined;
}

function isMetadata(field: [string, string], leftOut: string[]): boolean {
  const [name] = field;
  if (isReservedField(name)) return false;
  if (findInvalidHeader([field]) === undefined) return true;
  leftOut.push(`the metadata "${name}", which has a character that HTTP does not allow`);
  return false;
}

function isEncodable(detail: Detail, leftOut: string[]): boolean {
  try {
    if ("desc" in detail) toBinary(detail.desc, create(detail.desc, detail.value));
    else if (!(detail.value instanceof Uint8Array)) throw new TypeError("its value is not bytes");
    else encodeURI(detail.type);
    return true;
  } catch (error) {
    leftOut.push(`the detail ${"desc" in detail ? detail.desc.typeName : detail.type}: ${error}`);
    return false;
  }
}
