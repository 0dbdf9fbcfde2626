// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  type Code,
  CodeSchema,
  type RetryPolicy,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { ifDefined } from "./if-defined.js";
import { duration, size } from "./units.js";

/** A retry policy, in a sentence. What it leaves open has defaults, which the runtime documents. */
export function retryLines(method: DescMethod, policy: RetryPolicy): string[] {
  const settings = [
    ...ifDefined(policy.maxAttempts, (count) => [`${count} attempts`]),
    ...backoff(policy),
    ...ifDefined(policy.throttling, () => ["none while most calls fail"]),
    ...ifDefined(policy.maxBufferBytes, (bytes) => [`none after ${size(bytes)} sent`]),
  ];
  const codes = codesText(method, policy);
  const when = codes ? `after ${codes}, before any response` : "when it can't connect";
  return [`Retries ${when}${settings.length === 0 ? "" : `: ${settings.join(", ")}`}.`];
}

function backoff({ initialBackoffMs, backoffMultiplier, maxBackoffMs }: RetryPolicy): string[] {
  const parts = [
    ...ifDefined(initialBackoffMs, (ms) => [`from ${duration(ms)}`]),
    ...ifDefined(backoffMultiplier, (factor) => [`× ${factor}`]),
    ...ifDefined(maxBackoffMs, (ms) => [`up to ${duration(ms)}`]),
  ];
  return parts.length === 0 ? [] : [`backoff ${parts.join(" ")}`];
}

/** What a retry policy means for a handler. One whose client could not connect has not been called. */
export function repeatedLines(method: DescMethod, policy: RetryPolicy): string[] {
  const codes = codesText(method, policy);
  return ifDefined(codes, () => [
    `Retries after ${codes}: the handler may run more than once for a call.`,
  ]);
}

/** The codes to retry after, if there are any: `RetryPolicy.retryable_codes` has this rule. */
function codesText(method: DescMethod, { retryableCodes }: RetryPolicy): string | undefined {
  if (retryableCodes.length > 0) return retryableCodes.map(codeText).join(" or ");
  return isIdempotent(method) ? "`unavailable`" : undefined;
}

function isIdempotent({ idempotency }: DescMethod): boolean {
  return idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
}

function codeText(code: Code): string {
  const name = CodeSchema.values.find(({ number }) => number === code)?.localName ?? "";
  return `\`${name.toLowerCase()}\``;
}
