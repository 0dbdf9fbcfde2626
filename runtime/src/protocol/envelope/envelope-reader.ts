// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { ByteQueue } from "./byte-queue.js";
import { DetachedViews } from "./detached-views.js";
import { ENVELOPE_HEADER_BYTES, EnvelopeCount } from "./envelope-count.js";

/** One envelope: flags, and a view of the bytes it came in. */
export interface Envelope {
  readonly flags: number;
  readonly data: Uint8Array;
}

const nothing: Readonly<EnvelopeCount> = new EnvelopeCount(0, 0);

/**
 * Cuts a stream of bytes into envelopes. Bytes are looked at where they arrived. An envelope that
 * arrives in pieces is put together when it is whole: an announced length alone costs nothing.
 */
export class EnvelopeReader {
  /** The largest envelope that is accepted, in bytes of data as they travel. */
  readonly maxBytes: number;
  /** The flag of the envelope that ends the stream, or 0. */
  readonly endFlag: number;
  readonly #detach: boolean;
  /** While data waits of which a view was taken. */
  #detached: DetachedViews | undefined;
  readonly #queue: ByteQueue = new ByteQueue();
  /** From the first time on that somebody wanted to know. */
  #count: EnvelopeCount | undefined;

  /**
   * `detach`: the data will be kept, and must not keep alive the buffers that it arrived in. `onMessage`
   * is told the bytes of each message that has arrived, until `drop`.
   */
  constructor(
    maxBytes: number,
    detach: boolean,
    endFlag: number,
    onMessage?: (bytes: number) => void,
  ) {
    this.maxBytes = maxBytes;
    this.endFlag = endFlag;
    this.#detach = detach;
    this.#count = onMessage && new EnvelopeCount(endFlag, maxBytes, onMessage);
  }

  /** Bytes that arrived and have not been read. */
  get buffered(): number {
    return this.#queue.length;
  }

  /** True when `next` would return an envelope, or throw. */
  get hasNext(): boolean {
    if (!this.#queue.join(ENVELOPE_HEADER_BYTES)) return false;
    const length = this.#lengthAt(0);
    return length > this.maxBytes || this.#queue.length >= ENVELOPE_HEADER_BYTES + length;
  }

  /** Flags and length of the next envelope, if it is whole and not too large. */
  peek(): { readonly flags: number; readonly length: number } | undefined {
    const queue = this.#queue;
    if (!queue.join(ENVELOPE_HEADER_BYTES)) return undefined;
    const length = this.#lengthAt(0);
    const whole = length <= this.maxBytes && queue.length >= ENVELOPE_HEADER_BYTES + length;
    return whole ? { flags: queue.at(0), length } : undefined;
  }

  push(chunk: Uint8Array): void {
    this.#queue.push(chunk);
    this.#count?.add(chunk);
    if (!this.hasNext) this.#queue.detach();
  }

  /**
   * The next whole envelope, or `undefined` if there is none yet. Throws `resource_exhausted` for
   * one that is too large, as soon as its length is known.
   */
  next(): Envelope | undefined {
    const queue = this.#queue;
    if (!queue.join(ENVELOPE_HEADER_BYTES)) return this.#wait();
    const length = this.#lengthAt(0);
    if (length > this.maxBytes) {
      throw new ConnectError(
        `message size ${length} is larger than configured readMaxBytes ${this.maxBytes}`,
        Code.ResourceExhausted,
      );
    }
    if (!queue.join(ENVELOPE_HEADER_BYTES + length)) return this.#wait();
    const envelope = { flags: queue.at(0), data: this.#view(length) };
    queue.skip(ENVELOPE_HEADER_BYTES + length);
    this.#count?.subtract(envelope.flags, length);
    if (queue.length === 0) this.#detached = undefined;
    return envelope;
  }

  /** What waits and is whole. */
  get count(): Readonly<EnvelopeCount> {
    if (this.#count) return this.#count;
    if (this.#queue.length === 0) return nothing;
    this.#count = new EnvelopeCount(this.endFlag, this.maxBytes);
    for (const piece of this.#queue.pieces()) this.#count.add(piece);
    return this.#count;
  }

  /** The envelope that ends the stream, if it waits. It is not read by this. */
  peekEnd(): Envelope | undefined {
    const { messages, bytes, end } = this.count;
    if (end === undefined) return undefined;
    const queue = this.#queue;
    queue.join(queue.length);
    const at = messages * ENVELOPE_HEADER_BYTES + bytes;
    const start = queue.offset + at + ENVELOPE_HEADER_BYTES;
    return { flags: end, data: queue.first.subarray(start, start + this.#lengthAt(at)) };
  }

  /** Forgets what has not been read. */
  drop(): void {
    this.#queue.clear();
    this.#count = undefined;
    this.#detached = undefined;
  }

  /** The rest of an envelope has to come. */
  #wait(): undefined {
    this.#queue.detach();
  }

  /** The data of the first envelope. */
  #view(length: number): Uint8Array {
    const { first, offset } = this.#queue;
    const from = offset + ENVELOPE_HEADER_BYTES;
    if (!this.#detach) return first.subarray(from, from + length);
    this.#detached ??= new DetachedViews();
    return this.#detached.view(first, from, from + length, first.byteLength);
  }

  #lengthAt(at: number): number {
    const q = this.#queue;
    return ((q.at(at + 1) << 24) | (q.at(at + 2) << 16) | (q.at(at + 3) << 8) | q.at(at + 4)) >>> 0;
  }
}
