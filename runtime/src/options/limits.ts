// SPDX-License-Identifier: Apache-2.0
import { MAX_MESSAGE_BYTES } from "./message-size.js";
import { type Resolve, settings } from "./settings.js";

/**
 * Limits of size, in bytes, on either side, each way. A message or a stream that is larger ends the
 * call with `resource_exhausted`, and the error gives its size and the limit.
 *
 * Each is a whole number of 1 or more; another one throws a `RangeError` where it is set.
 */
export interface StreamLimits {
  /**
   * The largest message to receive, before and after decompression. Default: that of the server or
   * of the transport, which is 4 MiB with `connect-stream/node`.
   */
  readMaxBytes?: number | undefined;

  /** The largest message to send, before compression. Default: that of the server or transport. */
  writeMaxBytes?: number | undefined;

  /** All messages that one stream may receive, after decompression. Default: any number. */
  readStreamMaxBytes?: number | undefined;

  /** All messages that one stream may be given to send, before compression. Default: any number. */
  writeStreamMaxBytes?: number | undefined;
}

/** Checks limits and joins them, key by key. */
export const resolveLimits: Resolve<keyof StreamLimits> = settings("limits", [
  ["readMaxBytes", MAX_MESSAGE_BYTES],
  ["writeMaxBytes", MAX_MESSAGE_BYTES],
  ["readStreamMaxBytes", Number.MAX_SAFE_INTEGER],
  ["writeStreamMaxBytes", Number.MAX_SAFE_INTEGER],
]);
