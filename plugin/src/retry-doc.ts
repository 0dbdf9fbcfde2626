// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import {
  type Code,
  CodeSchema,
  type RetryPolicy,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { duration, size } from "./units.js";
import { whenSet } from "./when-set.js";

/** A retry policy, in sentences. What it leaves open has defaults, which the runtime documents. */
export function retryLines(method: DescMethod, policy: RetryPolicy): string[] {
  const { maxAttempts, maxBufferBytes, throttling } = policy;
  const tries = maxAttempts === undefined ? "" : `, ${maxAttempts} tries in all,`;
  const sentences = [
    `A call that ${reason(method, policy)} is made again${tries} while nothing of its response has been seen.`,
    ...waits(policy),
    ...whenSet(throttling, () => ["Not while most calls fail."]),
    ...whenSet(maxBufferBytes, (bytes) => [`Not after more than ${size(bytes)} were sent.`]),
  ];
  return [sentences.join(" ")];
}

/** What a retry policy means for a handler. One whose client could not connect has not been called. */
export function repeatedLines(method: DescMethod, policy: RetryPolicy): string[] {
  if (policy.retryableCodes.length === 0 && !isIdempotent(method)) return [];
  return [
    `A generated client makes a call that ${reason(method, policy)} again: it may come more than once.`,
  ];
}

/** After what a call is repeated: `RetryPolicy.retryableCodes` has this rule. */
function reason(method: DescMethod, { retryableCodes }: RetryPolicy): string {
  if (retryableCodes.length > 0) {
    return `fails with ${retryableCodes.map(codeText).join(" or ")}`;
  }
  return isIdempotent(method) ? "fails with `unavailable`" : "could not connect";
}

function isIdempotent({ idempotency }: DescMethod): boolean {
  return idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
}

function waits({ initialBackoffMs, maxBackoffMs, backoffMultiplier }: RetryPolicy): string[] {
  const parts = [
    ...whenSet(initialBackoffMs, (ms) => [`${duration(ms)} at first`]),
    ...whenSet(backoffMultiplier, (factor) => [`each ${factor} times the one before`]),
    ...whenSet(maxBackoffMs, (ms) => [`at most ${duration(ms)}`]),
  ];
  return parts.length > 0 ? [`Waits between: ${parts.join(", ")}.`] : [];
}

function codeText(code: Code): string {
  const name = CodeSchema.values.find(({ number }) => number === code)?.localName ?? "";
  return `\`${name.toLowerCase()}\``;
}
