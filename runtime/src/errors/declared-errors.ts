// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Errors that a schema declares, as handlers make and clients read them. */
import type { Code, ConnectError } from "@connectrpc/connect";

/** What `ConnectError` takes as details to send. It has no name for it. */
export type ErrorDetails = NonNullable<ConstructorParameters<typeof ConnectError>[3]>;

/** What a handler may give an error that it makes, beside its message. */
export interface DeclaredErrorOptions {
  /** `google.rpc.ErrorInfo.metadata`: facts for programs. Default: none. */
  metadata?: Readonly<Record<string, string>>;
  /** More details, behind the standard ones. Default: none. */
  details?: ErrorDetails;
  /** What caused it. Stays on this side. Default: none. */
  cause?: unknown;
}

/** The same for an error that is declared temporary. */
export interface TemporaryErrorOptions extends DeclaredErrorOptions {
  /**
   * How long to wait before the next try at least, as `google.rpc.RetryInfo`: whole milliseconds,
   * from 0 to 2147483647; another value throws a `RangeError`. Default: what the schema says.
   */
  retryDelayMs?: number;
}

/** A declared error, read from a `ConnectError`. */
export interface DeclaredErrorInfo<R extends string = string> {
  /** `google.rpc.ErrorInfo.reason`. */
  readonly reason: R;
  /** `google.rpc.ErrorInfo.metadata`: what the server said beside. */
  readonly metadata: Readonly<Record<string, string>>;
  /** How long to wait before the next try at least, in milliseconds, if the server said so. */
  readonly retryDelayMs: number | undefined;
  /** What it was read from. */
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
   * True for an error of this reason and domain, whoever the server is, and whatever made it. Takes
   * anything that was caught.
   */
  is(error: unknown): error is ConnectError;

  /** Reads an error of this reason and domain; `undefined` for all others. */
  read(error: unknown): DeclaredErrorInfo<R> | undefined;
}

/**
 * An error of a service's contract. Called by handlers, it gives the error to throw: a
 * `ConnectError` of the declared code, with `google.rpc.ErrorInfo`. `message` defaults to `when`.
 */
export interface DeclaredError<R extends string> extends Declaration<R> {
  (message?: string, options?: DeclaredErrorOptions): ConnectError;
}

/** A `DeclaredError` after which the same call may succeed later. */
export interface TemporaryError<R extends string> extends Declaration<R> {
  (message?: string, options?: TemporaryErrorOptions): ConnectError;
}
