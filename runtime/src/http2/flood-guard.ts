// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, ErrorCode } from "./errors.js";
import type { Http2Host } from "./host.js";
import * as limits from "./limits.js";
import type { ResolvedHttp2Options } from "./options.js";
import { RateLimit } from "./rate-limit.js";

/**
 * Counts what a peer may do, but not all the time. Each method throws a {@link ConnectionError} with
 * ENHANCE_YOUR_CALM when it was too often.
 */
export class FloodGuard {
  readonly #host: Http2Host;
  readonly #resets: RateLimit;
  readonly #streamErrors = new RateLimit(limits.STREAM_ERRORS);
  readonly #refusals = new RateLimit(limits.REFUSALS);
  readonly #largeLists = new RateLimit(limits.LARGE_LISTS);
  readonly #settings = new RateLimit(limits.SETTINGS_FRAMES);
  readonly #pings = new RateLimit(limits.PINGS);
  readonly #empty = new RateLimit(limits.EMPTY_FRAMES);
  readonly #ignored = new RateLimit(limits.IGNORED_FRAMES);
  readonly #windowUpdates = new RateLimit(limits.WINDOW_UPDATES);
  readonly #dribbled = new RateLimit(limits.DRIBBLED_FRAMES);

  constructor(host: Http2Host, options: ResolvedHttp2Options) {
    this.#host = host;
    this.#resets = new RateLimit(options.resets);
  }

  /** The peer has reset a stream. */
  reset(): void {
    this.#count(this.#resets, "streams reset");
  }

  /** A call has ended well. */
  completed(): void {
    this.#resets.earn();
  }

  /** The peer made us reset a stream. */
  streamError(): void {
    this.#count(this.#streamErrors, "streams with errors");
  }

  /** A stream beyond the limit. */
  refusal(): void {
    this.#count(this.#refusals, "streams beyond SETTINGS_MAX_CONCURRENT_STREAMS");
  }

  /** A request whose header list is too large. */
  largeList(): void {
    this.#count(this.#largeLists, "header lists that are too large");
  }

  settings(): void {
    this.#count(this.#settings, "SETTINGS frames");
  }

  ping(): void {
    this.#count(this.#pings, "PING frames");
  }

  /** A frame that says nothing. */
  emptyFrame(): void {
    this.#count(this.#empty, "empty frames");
  }

  /** A frame that we ignore. */
  ignoredFrame(): void {
    this.#count(this.#ignored, "PRIORITY or unknown frames");
  }

  windowUpdate(): void {
    this.#count(this.#windowUpdates, "WINDOW_UPDATE frames");
  }

  /** A frame of data has been sent: a window update is due for it. */
  dataSent(): void {
    this.#windowUpdates.earn();
  }

  /** The peer's window let a few bytes out. */
  dribble(): void {
    this.#count(this.#dribbled, "windows of a few bytes");
  }

  #count(limit: RateLimit, what: string): void {
    if (limit.take(this.#host)) return;
    throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, `too many ${what}`);
  }
}
