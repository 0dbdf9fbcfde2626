// SPDX-License-Identifier: Apache-2.0
import { type Group, type Setting, wholeFrom } from "./declare.js";
import { messageBytes } from "./message-size.js";

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

const streamBytes: Setting = { ...wholeFrom(1, Number.MAX_SAFE_INTEGER), needs: "stream" };

/** Limits of size: a new one is an entry here. */
export const limits: Group<keyof StreamLimits> = {
  settings: {
    readMaxBytes: messageBytes,
    writeMaxBytes: messageBytes,
    readStreamMaxBytes: streamBytes,
    writeStreamMaxBytes: streamBytes,
  },
};
