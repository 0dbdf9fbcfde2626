// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the standard details of an error say. For either side. */
import { ConnectError } from "@connectrpc/connect";
import {
  type BadRequest_FieldViolation,
  BadRequestSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../gen/google/rpc/error_details_pb.js";

/**
 * The `google.rpc.ErrorInfo` of an error: reason, domain and metadata. `undefined` if it has none.
 * Takes anything that was caught.
 */
export function findErrorInfo(error: unknown): ErrorInfo | undefined {
  return error instanceof ConnectError ? error.findDetails(ErrorInfoSchema)[0] : undefined;
}

/**
 * The shortest wait before the next try, in milliseconds: the `google.rpc.RetryInfo` of an error.
 * `undefined` if it has none. Takes anything that was caught.
 */
export function findRetryDelayMs(error: unknown): number | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
  return delay && Number(delay.seconds) * 1000 + delay.nanos / 1_000_000;
}

/**
 * What is wrong with a request, field by field: the `google.rpc.BadRequest` of an error. Empty if
 * it has none. Takes anything that was caught.
 */
export function findFieldViolations(error: unknown): BadRequest_FieldViolation[] {
  if (!(error instanceof ConnectError)) return [];
  return error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
}
