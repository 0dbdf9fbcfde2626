// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, ErrorCode } from "./errors.js";
import type { FloodGuard } from "./flood-guard.js";
import { Flag, readUint31 } from "./frames/frame-types.js";
import type { HeaderList } from "./header-list.js";
import { HpackDecoder } from "./hpack/decoder.js";
import { MAX_BLOCK_FACTOR, MAX_CONTINUATIONS, MIN_BLOCK_LIMIT_BYTES } from "./limits.js";

/** Takes what header blocks say. */
export interface HeaderSink {
  /** `undefined`: the list is larger than allowed. */
  onHeaderList(streamId: number, list: HeaderList | undefined, endStream: boolean): void;
  /** HEADERS makes a stream depend on itself, and is void. */
  onSelfDependency(streamId: number): void;
}

/** Puts header blocks together: HEADERS, and CONTINUATION until one says that it was the last. */
export class HeaderBlockReader {
  readonly decoder: HpackDecoder;
  /** The stream whose block has begun and not ended; 0: none. */
  streamId = 0;
  readonly #sink: HeaderSink;
  readonly #guard: FloodGuard;
  readonly #maxBlockBytes: number;
  #endStream = false;
  #selfDependent = false;
  #block: Uint8Array | undefined;
  #length = 0;
  #continuations = 0;

  constructor(maxListBytes: number, guard: FloodGuard, sink: HeaderSink) {
    this.decoder = new HpackDecoder(maxListBytes);
    this.#sink = sink;
    this.#guard = guard;
    this.#maxBlockBytes = Math.max(MAX_BLOCK_FACTOR * maxListBytes, MIN_BLOCK_LIMIT_BYTES);
  }

  /** A frame of a block begins: whether its payload is small enough to wait for. */
  checkLength(length: number): void {
    if (this.#length + length > this.#maxBlockBytes) throw tooLong();
  }

  /** The payload of a HEADERS frame. */
  headers(streamId: number, flags: number, bytes: Uint8Array, from: number, to: number): void {
    let start = from;
    let end = to;
    if (flags & Flag.PADDED) {
      if (start >= end) throw truncated();
      end -= bytes[start++] as number;
    }
    this.#selfDependent = false;
    if (flags & Flag.PRIORITY) {
      if (end - start < 5) throw truncated();
      this.#selfDependent = readUint31(bytes, start) === streamId;
      start += 5;
    }
    if (end < start) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "HEADERS with more padding than payload");
    }
    this.#endStream = (flags & Flag.END_STREAM) !== 0;
    if (flags & Flag.END_HEADERS) return this.#finish(streamId, bytes, start, end);
    this.streamId = streamId;
    this.#continuations = 0;
    this.#append(bytes, start, end);
  }

  /** The payload of a CONTINUATION frame for the block that has begun. */
  continuation(flags: number, bytes: Uint8Array, start: number, end: number): void {
    if (++this.#continuations > MAX_CONTINUATIONS) throw tooLong();
    this.#append(bytes, start, end);
    if (!(flags & Flag.END_HEADERS)) return;
    const { streamId } = this;
    const block = this.#block ?? new Uint8Array(0);
    const length = this.#length;
    this.streamId = 0;
    this.#block = undefined;
    this.#length = 0;
    this.#finish(streamId, block, 0, length);
  }

  #append(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) this.#guard.emptyFrame();
    const length = this.#length + end - start;
    if (length > this.#maxBlockBytes) throw tooLong();
    if (this.#block === undefined || this.#block.length < length) {
      const grown = new Uint8Array(Math.max(length, 2 * this.#length));
      if (this.#block) grown.set(this.#block);
      this.#block = grown;
    }
    this.#block.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  #finish(streamId: number, bytes: Uint8Array, start: number, end: number): void {
    const list = this.decoder.decode(bytes, start, end);
    if (this.#selfDependent) this.#sink.onSelfDependency(streamId);
    else this.#sink.onHeaderList(streamId, list, this.#endStream);
  }
}

function truncated(): ConnectionError {
  return new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "HEADERS that end within their prefix");
}

function tooLong(): ConnectionError {
  return new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "a header block that does not end");
}
