// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { type Code, CodeSchema, type RetryPolicy } from "./gen/connectstream/v1/options_pb.js";
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

/** After what a call is repeated: `RetryPolicy.retryableCodes` has this rule. */
function reason({ idempotency }: DescMethod, { retryableCodes }: RetryPolicy): string {
  if (retryableCodes.length > 0) {
    return `fails with ${retryableCodes.map(codeText).join(" or ")}`;
  }
  return idempotency === MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN
    ? "could not connect"
    : "fails with `unavailable`";
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
