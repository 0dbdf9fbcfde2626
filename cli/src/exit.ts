// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation How a command ends other than well. */

/** Exit codes. A failed call ends with 64 and its status code, as with grpcurl. */
export const exit = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** Added to a status code. */
  status: 64,
  /** Added to the number of a signal, as shells do. */
  signal: 128,
} as const;

/** Something that the user can mend: one message, no stack. */
export class CliError extends Error {
  override readonly name: string = "CliError";
  /** With what the program exits. */
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exit.failed, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** A mistake on the command line. */
export class UsageError extends CliError {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(message, exit.usage);
  }
}

/** Why a file or a program could not be used, in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const known = "code" in error && typeof error.code === "string" ? reasons[error.code] : undefined;
  return known ?? error.message;
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is no folder",
  EACCES: "permission denied",
  EEXIST: "a file is in place of a folder",
};
