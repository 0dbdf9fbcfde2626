// SPDX-License-Identifier: Apache-2.0
import { type Setting, wholeFrom } from "./declare.js";

/**
 * The largest message to accept, in bytes: 4 MiB, the default of gRPC. It bounds what one message
 * can cost in memory, and is far above what fits a stream well.
 */
export const DEFAULT_READ_MAX_BYTES: number = 4 * 1024 * 1024;

/** The size of a message. Connect allows 4 GiB at most. */
export const messageBytes: Setting = wholeFrom(1, 2 ** 32 - 1);

/**
 * The `compressMinBytes` of messages that are never compressed, which is the default. As in gRPC,
 * compression has to be asked for: it costs 15 to 100 times what sending a message costs.
 */
export const NEVER_COMPRESS: number = Number.MAX_SAFE_INTEGER;
