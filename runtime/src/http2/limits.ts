// SPDX-License-Identifier: Apache-2.0

/** @packageDocumentation Every bound of HTTP/2 here, with its reason. Options override some. */

/** Size of HPACK's table before any setting, by RFC 9113. Ours as a receiver, too: enough for some 60 fields. */
export const DEFAULT_HEADER_TABLE_BYTES = 4096;

/** What an encoder uses of a larger table: lists of RPCs repeat a few fields, and memory is ours. */
export const MAX_ENCODER_TABLE_BYTES = 4096;

/** Largest payload that a peer takes before it says more, by RFC 9113. */
export const DEFAULT_FRAME_BYTES = 16_384;

/** The largest that `SETTINGS_MAX_FRAME_SIZE` may be. */
export const MAX_FRAME_BYTES: number = 2 ** 24 - 1;

/**
 * Payloads that we take, and the most that we send at once: the default. Larger ones make nothing
 * faster, since a socket gives 64 KiB at a time, and let a stream hold up the others for longer.
 */
export const FRAME_BYTES: number = DEFAULT_FRAME_BYTES;

/** What a stream with a lot to send may send in its turn. */
export const LARGE_TURN_BYTES: number = 64 * 1024;

/** Window of streams and connections before any setting, by RFC 9113. */
export const DEFAULT_WINDOW_BYTES = 65_535;

/** The largest that a window may be. */
export const MAX_WINDOW_BYTES: number = 2 ** 31 - 1;

/**
 * A stream's window to begin with. Twice HTTP/2's default, so that messages of 64 KiB need not wait
 * for a window update each.
 */
export const STREAM_WINDOW_BYTES: number = 128 * 1024;

/**
 * What it may grow to. A reader that stops holds this, and what it takes in by itself: together 256
 * KiB and a message.
 */
export const MAX_STREAM_WINDOW_BYTES: number = 192 * 1024;

/** A connection's window to begin with: bytes on their way, for all streams together. */
export const CONNECTION_WINDOW_BYTES: number = 1024 * 1024;

/** What it may grow to: 10 Gbit/s at 10 ms, 1 Gbit/s at 100 ms. */
export const MAX_CONNECTION_WINDOW_BYTES: number = 16 * 1024 * 1024;

/**
 * Bytes that paused streams of a connection may hold together before the connection gets no more
 * window: the windows of 250 streams that have stopped.
 */
export const MAX_UNREAD_BYTES: number = 32 * 1024 * 1024;

/** Bytes that wait to be sent on a stream before `write` says that there is no more room. */
export const STREAM_BUFFER_BYTES: number = 64 * 1024;

/** Bytes that one flush writes before it asks the socket whether it takes more. */
export const FLUSH_BYTES: number = 256 * 1024;

/** Pieces from here on are written from where they are; copying smaller ones costs less. */
export const COPIED_PIECE_BYTES: number = 4 * 1024;

/** Streams with no more than this to send go first. */
export const SMALL_TURN_BYTES: number = 2 * 1024;

/** Calls that a peer may have open at once. */
export const MAX_CONCURRENT_STREAMS = 250;

/** Octets of a header list, by the measure of `SETTINGS_MAX_HEADER_LIST_SIZE`. */
export const MAX_HEADER_LIST_BYTES: number = 16 * 1024;

/**
 * A block may be larger than what its list may be by this factor: then the call fails and the
 * connection lives. Beyond, it is a flood (CVE-2024-27316 and its like).
 */
export const MAX_BLOCK_FACTOR = 4;

/** A block of so many bytes is no flood, however small its list may be: peers learn the limit late. */
export const MIN_BLOCK_LIMIT_BYTES: number = 128 * 1024;

/** CONTINUATION frames of one block: Node sends a block of 64 KiB in four. */
export const MAX_CONTINUATIONS = 64;

/** Bytes of answers (SETTINGS, PING, RST_STREAM, WINDOW_UPDATE) that may wait for a peer that does not read. */
export const MAX_CONTROL_BYTES: number = 128 * 1024;

/** Streams that we have reset and on which frames may still be on their way. */
export const MAX_REMEMBERED_RESETS = 1024;

/** A rate limit: how often something may happen at once, and then per second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** Streams that the peer resets (CVE-2023-44487). Each call that ends well makes room for one more. */
export const RESETS: Rate = { burst: 1000, perSecond: 100 };

/** Errors of streams: no peer that keeps the rules has any (CVE-2025-8671). */
export const STREAM_ERRORS: Rate = { burst: 100, perSecond: 10 };

/** Streams refused beyond the limit: a client that cancels a lot may run into some. */
export const REFUSALS: Rate = { burst: 2000, perSecond: 500 };

/**
 * Requests whose header lists are too large: each costs the decoding of a block of up to 128 KiB, and
 * peers that heed `SETTINGS_MAX_HEADER_LIST_SIZE` send none.
 */
export const LARGE_LISTS: Rate = { burst: 200, perSecond: 20 };

/** SETTINGS (CVE-2019-9515): peers send one, and perhaps one when something grows. */
export const SETTINGS_FRAMES: Rate = { burst: 50, perSecond: 5 };

/** PING (CVE-2019-9512) that came while data went, which ping enforcement lets pass. */
export const PINGS: Rate = { burst: 500, perSecond: 100 };

/** Frames without content: DATA, CONTINUATION (CVE-2019-9518). */
export const EMPTY_FRAMES: Rate = { burst: 100, perSecond: 20 };

/** PRIORITY and frames of unknown types (CVE-2019-9513). */
export const IGNORED_FRAMES: Rate = { burst: 1000, perSecond: 200 };

/**
 * WINDOW_UPDATE beyond one for each frame of data that we sent. They are cheap; the rate only stops a
 * peer that does nothing else.
 */
export const WINDOW_UPDATES: Rate = { burst: 2000, perSecond: 1000 };

/** Frames of a few bytes of data, because the window was no larger (CVE-2019-9511). */
export const DRIBBLED_FRAMES: Rate = { burst: 1000, perSecond: 100 };

/** Frames of data that a window cuts smaller than this count as dribbled: nobody sets one like that. */
export const DRIBBLE_BYTES = 16;

/** Interim (1xx) responses of one call: two or three make sense. */
export const MAX_INTERIM_RESPONSES = 16;

/**
 * Between two pings of a client without any data in between, in milliseconds; a little less than the
 * 10 s that gRPC clients may choose. https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
 */
export const MIN_PING_INTERVAL_MS = 9000;

/** Pings that may come too soon before the connection is closed, as in gRPC. */
export const MAX_PING_STRIKES = 2;

/** Until the peer's preface and SETTINGS have come, in milliseconds. */
export const PREFACE_TIMEOUT_MS = 10_000;

/** Until the peer has acknowledged our SETTINGS, in milliseconds. */
export const SETTINGS_TIMEOUT_MS = 10_000;

/** Between the first and the last frame of a header block, in milliseconds. */
export const HEADER_BLOCK_TIMEOUT_MS = 10_000;

/** Between the two steps of a graceful GOAWAY, if the peer does not answer the ping between them. */
export const GOAWAY_TIMEOUT_MS = 1000;

/**
 * How long a response that is complete waits for a peer that takes nothing of it, in milliseconds.
 * While a call goes on, a reader may stop for as long as it likes.
 */
export const STALL_TIMEOUT_MS: number = 10 * 60 * 1000;
