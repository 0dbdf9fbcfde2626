// SPDX-License-Identifier: Apache-2.0
import { create, protoInt64 } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { registerErrorFlags } from "../errors/classification.js";
import type {
  DeclaredErrorInfo,
  ErrorDetails,
  TemporaryError,
  TemporaryErrorOptions,
} from "../errors/declared-errors.js";
import { findErrorInfo, findRetryDelayMs } from "../errors/details.js";
import { ErrorInfoSchema, RetryInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import { MAX_TIMER_MS } from "../options/max-timer.js";
import { assertInteger } from "../options/settings.js";

/** What a schema says of an error. */
export interface ErrorSpec {
  readonly reason: string;
  readonly code: Code;
  readonly when: string;
  readonly temporary?: boolean;
  readonly timeout?: boolean;
  readonly retryDelayMs?: number;
}

/** Creates the declared errors of a service, of the generated type `E`, by their member names. */
export function createServiceErrors<E extends object>(
  domain: string,
  specs: Readonly<Record<keyof E & string, ErrorSpec>>,
): E {
  const entries = Object.entries<ErrorSpec>(specs);
  return Object.fromEntries(entries.map(([name, spec]) => [name, createError(domain, spec)])) as E;
}

function createError(domain: string, spec: ErrorSpec): TemporaryError<string> {
  const { reason, code, when, temporary = false, timeout = false } = spec;
  registerErrorFlags(domain, reason, { temporary, timeout });
  const make = (message: string = when, options: TemporaryErrorOptions = {}): ConnectError => {
    const details = detailsOf(domain, spec, options);
    return new ConnectError(message, code, undefined, details, options.cause);
  };
  const read = (error: unknown): DeclaredErrorInfo | undefined => {
    const info = findErrorInfo(error);
    if (!(error instanceof ConnectError) || info?.reason !== reason || info.domain !== domain)
      return;
    return { reason, metadata: info.metadata, retryDelayMs: findRetryDelayMs(error), error };
  };
  const is = (error: unknown): error is ConnectError => read(error) !== undefined;
  return Object.assign(make, { reason, domain, code, when, is, read });
}

function detailsOf(
  domain: string,
  spec: ErrorSpec,
  { metadata = {}, details = [], retryDelayMs }: TemporaryErrorOptions,
): ErrorDetails {
  const { reason } = spec;
  if (retryDelayMs !== undefined) {
    if (!spec.temporary)
      throw new TypeError(`${reason} takes no retryDelayMs: it is not declared temporary`);
    assertInteger(`${reason}: retryDelayMs`, retryDelayMs, 0, MAX_TIMER_MS);
  }
  const info = {
    desc: ErrorInfoSchema,
    value: create(ErrorInfoSchema, { reason, domain, metadata }),
  };
  const delayMs = retryDelayMs ?? spec.retryDelayMs;
  if (delayMs === undefined) return [info, ...details];
  const seconds = protoInt64.parse(Math.floor(delayMs / 1000));
  const retryDelay = { seconds, nanos: (delayMs % 1000) * 1_000_000 };
  const retry = { desc: RetryInfoSchema, value: { retryDelay } };
  return [info, retry, ...details];
}
