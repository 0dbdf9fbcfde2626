// SPDX-License-Identifier: Apache-2.0
import { ConnectError } from "@connectrpc/connect";
import type { StreamCallOptions } from "../api/options.js";
import type { StreamOutcome } from "../api/outcome.js";
import type { CallWatch } from "../observe/call-watch.js";
import { failedBy } from "./transport-error.js";

/** One attempt at a unary call. */
type Once<R, T> = (request: R, options: StreamCallOptions) => Promise<T>;

/** Makes a unary call that somebody watches. `all`: how to make all its attempts with one. */
export async function watchedUnary<R, T>(
  call: CallWatch,
  options: StreamCallOptions,
  once: Once<R, T>,
  all: (once: Once<R, T>, options: StreamCallOptions) => Promise<T>,
): Promise<T> {
  const attempts = new Attempts(call, once);
  const attempt: Once<R, T> = (request, init) => attempts.make(request, init);
  try {
    const response = await call.run(() => all(attempt, options));
    call.end?.(attempts.outcome(undefined, options.signal));
    return response;
  } catch (thrown) {
    call.end?.(attempts.outcome(ConnectError.from(thrown), options.signal));
    throw thrown;
  }
}

/** The attempts at one unary call. Bytes are the transport's business. */
class Attempts<R, T> {
  readonly #call: CallWatch;
  readonly #once: Once<R, T>;
  readonly #startedAt: number = performance.now();
  #count = 0;
  #received = 0;
  #error: ConnectError | undefined;

  constructor(call: CallWatch, once: Once<R, T>) {
    this.#call = call;
    this.#once = once;
  }

  async make(request: R, options: StreamCallOptions): Promise<T> {
    const { header, retry, tap } = this.#call;
    const attempt = ++this.#count;
    if (this.#error) retry?.({ attempt, error: this.#error });
    tap?.sent?.(0);
    const onHeader = (headers: Headers) => {
      header?.(headers);
      return options.onHeader?.(headers);
    };
    try {
      const response = await this.#once(request, { ...options, onHeader });
      this.#received = 1;
      tap?.received?.(0);
      return response;
    } catch (thrown) {
      this.#error = ConnectError.from(thrown);
      throw thrown;
    }
  }

  outcome(error: ConnectError | undefined, signal: AbortSignal | undefined): StreamOutcome {
    const failed = error && (signal?.aborted ? "client" : failedBy(error));
    return {
      code: error?.code,
      error,
      endedBy: failed ?? "server",
      sent: { messages: Math.min(this.#count, 1), bytes: 0, dropped: 0 },
      received: { messages: this.#received, bytes: 0, dropped: 0 },
      durationMs: performance.now() - this.#startedAt,
      attempts: Math.max(this.#count, 1),
    };
  }
}
