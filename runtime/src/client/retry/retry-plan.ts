// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { Code, type ConnectError } from "@connectrpc/connect";
import { MAX_TIMER_MS } from "../../options/max-timer.js";
import { PREVIOUS_ATTEMPTS } from "../../protocol/previous-attempts.js";
import { PUSHBACK } from "../../protocol/reserved-fields.js";
import { backoffMs } from "../backoff.js";
import { isNotSent } from "../not-sent-error.js";
import { isUnprocessed } from "../unprocessed-error.js";
import type { RetrySettings } from "./retry-settings.js";

/** The retries of one call: how many there were, and whether there is one more. */
export class RetryPlan {
  readonly #settings: RetrySettings;
  readonly #repeatable: boolean;
  #attempts = 0;
  #backoffs = 0;

  constructor(settings: RetrySettings, method: Pick<DescMethod, "idempotency">) {
    this.#settings = settings;
    this.#repeatable = method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
  }

  get attempts(): number {
    return this.#attempts;
  }

  /** Counts one more attempt; gives the headers that it is to have. */
  begin(headers: HeadersInit | undefined): HeadersInit | undefined {
    const before = this.#attempts++;
    if (before === 0) return headers;
    const told = new Headers(headers);
    told.set(PREVIOUS_ATTEMPTS, String(before));
    return told;
  }

  succeeded(): void {
    this.#settings.throttle?.succeeded();
  }

  /** Milliseconds until the next attempt after one that failed with `error`; `undefined`: none. */
  delayAfter(error: ConnectError): number | undefined {
    const { throttle, maxAttempts, backoff } = this.#settings;
    const asked = pushback(error.metadata);
    if (asked !== "never" && !this.#isRetryable(error)) return undefined;
    const throttled = throttle?.failed() === false;
    if (asked === "never" || throttled || this.#attempts >= maxAttempts) return undefined;
    if (asked === undefined) return backoffMs(backoff, this.#backoffs++);
    this.#backoffs = 0;
    return asked;
  }

  #isRetryable(error: ConnectError): boolean {
    const { codes } = this.#settings;
    if (isNotSent(error)) return false;
    if (codes) return codes.has(error.code);
    if (error.code !== Code.Unavailable) return false;
    return this.#repeatable || isUnprocessed(error) || neverConnected(error);
  }
}

/** What the server asked for; what cannot be read means no retry. */
function pushback(metadata: Headers): number | "never" | undefined {
  const value = metadata.get(PUSHBACK);
  if (value === null) return undefined;
  return /^(0|[1-9]\d*)$/.test(value) && Number(value) <= MAX_TIMER_MS ? Number(value) : "never";
}

/** Node's codes of connections that could not be made. */
const notConnected = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"];

/** True if the request cannot have left, because there never was a connection. */
function neverConnected(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isIt = "code" in error && notConnected.includes(String(error.code));
  return isIt || neverConnected(error.cause);
}
