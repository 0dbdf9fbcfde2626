// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";

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
 * Room for the first piece of an envelope that comes in many: enough to take small ones whole,
 * little enough that an announced length alone costs nothing.
 */
const MIN_BUFFER_BYTES = 1024;

const nothing = new Uint8Array(0);

/**
 * Cuts a stream of bytes into envelopes. Bytes are looked at where they arrived; they are copied
 * only for an envelope that arrives in pieces, into a buffer that grows with what has come, not
 * with what was announced. A buffer is never overwritten, so envelopes may be views of it.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  #buffer: Uint8Array = nothing;
  #start = 0;
  #end = 0;

  /** `maxBytes`: the largest envelope to accept, in bytes of data as they travel. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes that arrived and have not been read. */
  get buffered(): number {
    return this.#end - this.#start;
  }

  /** True when `next` would return an envelope, or throw. */
  get hasNext(): boolean {
    if (this.buffered < ENVELOPE_HEADER_BYTES) return false;
    const length = this.#lengthAt(this.#start);
    return length > this.#maxBytes || this.buffered >= ENVELOPE_HEADER_BYTES + length;
  }

  push(chunk: Uint8Array): void {
    if (this.#start === this.#end) {
      this.#buffer = chunk;
      this.#start = 0;
      this.#end = chunk.byteLength;
      return;
    }
    const needed = this.buffered + chunk.byteLength;
    if (this.#end + chunk.byteLength > this.#buffer.byteLength) this.#grow(needed);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.byteLength;
  }

  /**
   * The next whole envelope, or `undefined` if there is none yet. Throws `resource_exhausted` for
   * one that is too large, as soon as its length is known.
   */
  next(): Envelope | undefined {
    if (this.buffered < ENVELOPE_HEADER_BYTES) return undefined;
    const length = this.#lengthAt(this.#start);
    if (length > this.#maxBytes) {
      throw new ConnectError(
        `message size ${length} is larger than configured readMaxBytes ${this.#maxBytes}`,
        Code.ResourceExhausted,
      );
    }
    const from = this.#start + ENVELOPE_HEADER_BYTES;
    if (from + length > this.#end) return undefined;
    const envelope = {
      flags: this.#buffer[this.#start] ?? 0,
      data: this.#buffer.subarray(from, from + length),
    };
    this.#start = from + length;
    if (this.#start === this.#end) this.drop();
    return envelope;
  }

  /** Counts what waits, without reading it. An envelope with `endFlag` ends the count. */
  peek(endFlag: number): Backlog {
    const backlog: Backlog = { messages: 0, bytes: 0, end: undefined };
    let at = this.#start;
    while (at + ENVELOPE_HEADER_BYTES <= this.#end) {
      const length = this.#lengthAt(at);
      const from = at + ENVELOPE_HEADER_BYTES;
      if (from + length > this.#end) break;
      const flags = this.#buffer[at] ?? 0;
      if (flags & endFlag) {
        backlog.end = { flags, data: this.#buffer.subarray(from, from + length) };
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
    this.#buffer = nothing;
    this.#start = 0;
    this.#end = 0;
  }

  #grow(needed: number): void {
    const held = this.buffered;
    const whole =
      held < ENVELOPE_HEADER_BYTES ? 0 : ENVELOPE_HEADER_BYTES + this.#lengthAt(this.#start);
    const target = Math.min(Math.max(whole, needed), needed * 2);
    const buffer = new Uint8Array(Math.max(target, MIN_BUFFER_BYTES));
    buffer.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = buffer;
    this.#start = 0;
    this.#end = held;
  }

  #lengthAt(at: number): number {
    const b = this.#buffer;
    return (
      (((b[at + 1] ?? 0) << 24) |
        ((b[at + 2] ?? 0) << 16) |
        ((b[at + 3] ?? 0) << 8) |
        (b[at + 4] ?? 0)) >>>
      0
    );
  }
}
