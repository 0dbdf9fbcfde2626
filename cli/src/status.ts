// SPDX-License-Identifier: Apache-2.0
import { Code, type ConnectError } from "connect-stream";
import { forCommandLine } from "./advice.js";
import { CliError, exit } from "./exit.js";

/** The name of a status code as protocols have it, such as `not_found`. */
export function codeName(code: Code): string {
  return Code[code].replaceAll(/(?!^)[A-Z]/g, "_$&").toLowerCase();
}

/** A call that failed. `text` says so. */
export class StatusError extends CliError {
  override readonly name = "StatusError";

  constructor(error: ConnectError, text: string = statusLine(error)) {
    super(text, exit.status + error.code, { cause: error });
  }
}

/** `not_found: no such room`. */
export function statusLine({ code, rawMessage }: ConnectError): string {
  return rawMessage ? `${codeName(code)}: ${forCommandLine(rawMessage)}` : codeName(code);
}
