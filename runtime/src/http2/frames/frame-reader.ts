// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, ErrorCode } from "../errors.js";
import { Flag, FRAME_HEADER_BYTES, FrameType, readUint24, readUint31 } from "./frame-types.js";

/** What a {@link FrameReader} finds. Methods throw a {@link ConnectionError} to end the connection. */
export interface FrameSink {
  /** A frame begins: its header. False: its payload is of no interest. */
  onFrameHeader(type: number, flags: number, streamId: number, length: number): boolean;
  /** A whole frame other than DATA. The bytes are only lent. */
  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** Content of the DATA frame that began last, without padding. Not empty. */
  onData(bytes: Uint8Array, start: number, end: number): void;
  /** The DATA frame that began last is complete. */
  onDataEnd(): void;
  /** Whether to read no further. */
  readonly stopped: boolean;
}

/**
 * Cuts a stream of bytes into frames, however it is cut into chunks. Data is passed on as it comes;
 * other frames are passed on whole, and copied if they come in parts.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  /** Octets of the payload that are still to come; -1: none has begun. */
  #left = -1;
  #wanted = true;
  /** Padding at the end of the payload; -1: the octet that says so has not come. */
  #padding = 0;
  /** A frame other than DATA, of which a part has come. */
  #partial: Uint8Array | undefined;
  #partialBytes = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** Whether a frame has begun, other than DATA, of which the rest has not come. */
  get isWithinFrame(): boolean {
    if (this.#left < 0) return this.#headerBytes > 0;
    return this.#wanted && this.#type !== FrameType.DATA;
  }

  /** Reads a chunk to its end, unless the sink stops between two frames. */
  read(chunk: Uint8Array, from: number): void {
    let at = from;
    const end = chunk.length;
    while (at < end || this.#left === 0) {
      if (this.#left < 0) {
        at = this.#readHeader(chunk, at);
        continue;
      }
      const taken = Math.min(this.#left, end - at);
      this.#left -= taken;
      if (!this.#wanted) this.#skip();
      else if (this.#type === FrameType.DATA) this.#readData(chunk, at, at + taken);
      else this.#readWhole(chunk, at, at + taken);
      at += taken;
      if (this.#left < 0 && this.#sink.stopped) return;
    }
  }

  #readHeader(chunk: Uint8Array, at: number): number {
    if (this.#headerBytes === 0 && chunk.length - at >= FRAME_HEADER_BYTES) {
      this.#begin(chunk, at);
      return at + FRAME_HEADER_BYTES;
    }
    const taken = Math.min(FRAME_HEADER_BYTES - this.#headerBytes, chunk.length - at);
    this.#header.set(chunk.subarray(at, at + taken), this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes === FRAME_HEADER_BYTES) {
      this.#headerBytes = 0;
      this.#begin(this.#header, 0);
    }
    return at + taken;
  }

  #begin(bytes: Uint8Array, at: number): void {
    const length = readUint24(bytes, at);
    this.#type = bytes[at + 3] as number;
    this.#flags = bytes[at + 4] as number;
    this.#streamId = readUint31(bytes, at + 5);
    this.#left = length;
    this.#padding = 0;
    this.#wanted = this.#sink.onFrameHeader(this.#type, this.#flags, this.#streamId, length);
    if (this.#type === FrameType.DATA && this.#flags & Flag.PADDED) {
      if (length === 0)
        throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "DATA without its padding");
      this.#padding = -1;
    }
  }

  #skip(): void {
    if (this.#left === 0) this.#left = -1;
  }

  #readData(chunk: Uint8Array, from: number, to: number): void {
    let start = from;
    if (this.#padding < 0 && start < to) {
      this.#padding = chunk[start++] as number;
      if (this.#padding > this.#left + to - start) {
        throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "DATA with more padding than payload");
      }
    }
    // What has come beyond the content is padding.
    const end = Math.min(to, to + this.#left - this.#padding);
    if (start < end) this.#sink.onData(chunk, start, end);
    if (this.#left > 0) return;
    this.#left = -1;
    this.#sink.onDataEnd();
  }

  #readWhole(chunk: Uint8Array, start: number, end: number): void {
    if (this.#left === 0 && this.#partial === undefined) {
      this.#left = -1;
      this.#sink.onFrame(this.#type, this.#flags, this.#streamId, chunk, start, end);
      return;
    }
    this.#partial ??= new Uint8Array(end - start + this.#left);
    this.#partial.set(chunk.subarray(start, end), this.#partialBytes);
    this.#partialBytes += end - start;
    if (this.#left > 0) return;
    const whole = this.#partial;
    this.#left = -1;
    this.#partial = undefined;
    this.#partialBytes = 0;
    this.#sink.onFrame(this.#type, this.#flags, this.#streamId, whole, 0, whole.length);
  }
}
