// SPDX-License-Identifier: Apache-2.0
import { type Group, type Setting, wholeFrom } from "./declare.js";
import { messageBytes } from "./message-size.js";

/**
 * Size limits, in bytes, on either side and in each direction. A message or a stream that is larger
 * ends the call with `resource_exhausted`, and the error gives its size and the limit.
 *
 * Each is a whole number of 1 or more; any other value throws a `RangeError` where it is set.
 */
export interface StreamLimits {
  /**
   * The largest message to receive, before and after decompression. Default: that of the server or
   * of the transport, which is 4 MiB with `connect-stream/node`. In memory a message takes more than
   * its bytes: `docs/limits.md` says how much more, and what bounds it.
   */
  readMaxBytes?: number | undefined;

  /** The largest message to send, before compression. Default: that of the server or transport. */
  writeMaxBytes?: number | undefined;

  /**
   * The total of all messages that one stream may receive, after decompression. Default: no limit.
   */
  readStreamMaxBytes?: number | undefined;

  /** The total of all messages that one stream may send, before compression. Default: no limit. */
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
