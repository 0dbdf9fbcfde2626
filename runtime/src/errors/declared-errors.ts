// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Errors that a schema declares, as handlers make and clients read them. */
import type { Code, ConnectError } from "@connectrpc/connect";

/** The details that `ConnectError` takes. Connect exports no name for the type. */
export type ErrorDetails = NonNullable<ConstructorParameters<typeof ConnectError>[3]>;

/** Options of a declared error, beside its message. */
export interface DeclaredErrorOptions {
  /** `google.rpc.ErrorInfo.metadata`: facts for programs. Default: none. */
  metadata?: Readonly<Record<string, string>>;
  /** More details, behind the standard ones. Default: none. */
  details?: ErrorDetails;
  /** What caused it. Stays on this side. Default: none. */
  cause?: unknown;
}

/** Options of an error that is declared temporary. */
export interface TemporaryErrorOptions extends DeclaredErrorOptions {
  /**
   * The shortest wait before the next try, sent as `google.rpc.RetryInfo`: whole milliseconds, from
   * 0 to 2147483647. Any other value throws a `RangeError`. Default: the schema's.
   */
  retryDelayMs?: number;
}

/** A declared error, read from a `ConnectError`. */
export interface DeclaredErrorInfo<R extends string = string> {
  /** `google.rpc.ErrorInfo.reason`. */
  readonly reason: R;
  /** `google.rpc.ErrorInfo.metadata`: facts that the server added. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The shortest wait before the next try, in milliseconds, if the server gave one. */
  readonly retryDelayMs: number | undefined;
  /** The error that it was read from. */
  readonly error: ConnectError;
}

/** What is declared of an error. `R` is its reason. */
interface Declaration<R extends string> {
  /** `google.rpc.ErrorInfo.reason`. */
  readonly reason: R;
  /** `google.rpc.ErrorInfo.domain`: reasons are unique within it. */
  readonly domain: string;
  /** Status code. */
  readonly code: Code;
  /** When it happens. */
  readonly when: string;

  /**
   * Whether a caught value is an error of this reason and domain, from any server and any library.
   */
  is(error: unknown): error is ConnectError;

  /** Reads an error of this reason and domain; `undefined` for all others. */
  read(error: unknown): DeclaredErrorInfo<R> | undefined;
}

/**
 * An error of a service's contract. Handlers call it to make the error to throw: a `ConnectError`
 * of the declared code, with `google.rpc.ErrorInfo`. `message` defaults to `when`.
 */
export interface DeclaredError<R extends string> extends Declaration<R> {
  (message?: string, options?: DeclaredErrorOptions): ConnectError;
}

/** A `DeclaredError` after which the same call may succeed later. */
export interface TemporaryError<R extends string> extends Declaration<R> {
  (message?: string, options?: TemporaryErrorOptions): ConnectError;
}
