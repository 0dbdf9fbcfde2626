// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { ByteQueue } from "./byte-queue.js";
import { DetachedViews } from "./detached-views.js";

/** One envelope: flags, and a view of the bytes it came in. */
export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

/** What a reader holds that has not been read. */
export interface Backlog {
  messages: number;
  bytes: number;
  /** The envelope that ends the stream, if it has come. */
  end: Envelope | undefined;
}

/** Flags (1 byte), then the length of the data (4 bytes, big-endian). All protocols share it. */
export const ENVELOPE_HEADER_BYTES = 5;

/**
 * Cuts a stream of bytes into envelopes. Bytes are looked at where they arrived. An envelope that
 * arrives in pieces is put together when it is whole: an announced length alone costs nothing.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  readonly #detached: DetachedViews | undefined;
  readonly #queue: ByteQueue = new ByteQueue();

  /**
   * `maxBytes`: the largest envelope to accept, in bytes of data as they travel. `detach`: the data
   * will be kept, and must not keep alive the buffers that it arrived in.
   */
  constructor(maxBytes: number, detach: boolean) {
    this.#maxBytes = maxBytes;
    this.#detached = detach ? new DetachedViews() : undefined;
  }

  /** Bytes that arrived and have not been read. */
  get buffered(): number {
    return this.#queue.length;
  }

  /** True when `next` would return an envelope, or throw. */
  get hasNext(): boolean {
    if (!this.#queue.join(ENVELOPE_HEADER_BYTES)) return false;
    const length = this.#lengthAt(0);
    return length > this.#maxBytes || this.#queue.length >= ENVELOPE_HEADER_BYTES + length;
  }

  push(chunk: Uint8Array): void {
    // Where whole envelopes wait already, the reader is behind.
    this.#queue.push(chunk, this.hasNext);
  }

  /**
   * The next whole envelope, or `undefined` if there is none yet. Throws `resource_exhausted` for
   * one that is too large, as soon as its length is known.
   */
  next(): Envelope | undefined {
    const queue = this.#queue;
    if (!queue.join(ENVELOPE_HEADER_BYTES)) return undefined;
    const length = this.#lengthAt(0);
    if (length > this.#maxBytes) {
      throw new ConnectError(
        `message size ${length} is larger than configured readMaxBytes ${this.#maxBytes}`,
        Code.ResourceExhausted,
      );
    }
    if (!queue.join(ENVELOPE_HEADER_BYTES + length)) return undefined;
    const envelope = { flags: queue.at(0), data: this.#view(length) };
    queue.skip(ENVELOPE_HEADER_BYTES + length);
    if (queue.length === 0) this.#detached?.clear();
    return envelope;
  }

  /** Counts what waits, without reading it. An envelope with `endFlag` ends the count. */
  peek(endFlag: number): Backlog {
    const backlog: Backlog = { messages: 0, bytes: 0, end: undefined };
    const queue = this.#queue;
    const { length: total } = queue;
    queue.join(total);
    let at = 0;
    while (at + ENVELOPE_HEADER_BYTES <= total) {
      const length = this.#lengthAt(at);
      const from = at + ENVELOPE_HEADER_BYTES;
      if (from + length > total) break;
      const flags = queue.at(at);
      if (flags & endFlag) {
        const start = queue.offset + from;
        backlog.end = { flags, data: queue.first.subarray(start, start + length) };
        break;
      }
      backlog.messages++;
      backlog.bytes += length;
      at = from + length;
    }
    return backlog;
  }

  /** Forgets what has not been read. */
  drop(): void {
    this.#queue.clear();
    this.#detached?.clear();
  }

  /** The data of the first envelope. */
  #view(length: number): Uint8Array {
    const { first, offset } = this.#queue;
    const from = offset + ENVELOPE_HEADER_BYTES;
    return this.#detached
      ? this.#detached.view(first, from, from + length, first.byteLength)
      : first.subarray(from, from + length);
  }

  #lengthAt(at: number): number {
    const q = this.#queue;
    return ((q.at(at + 1) << 24) | (q.at(at + 2) << 16) | (q.at(at + 3) << 8) | q.at(at + 4)) >>> 0;
  }
}
