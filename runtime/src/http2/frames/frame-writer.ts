// SPDX-License-Identifier: Apache-2.0
import { COPIED_PIECE_BYTES } from "../limits.js";
import { Flag, FRAME_HEADER_BYTES, FrameType } from "./frame-types.js";
import type { Slab } from "./slab.js";

/**
 * Writes the frames of one flush, in place, into a slab. Large pieces of data are not copied but
 * take their place between the frames.
 */
export class FrameWriter {
  /** Bytes written since `take`. */
  bytes = 0;
  readonly #slab: Slab;
  #pieces: Uint8Array[] = [];
  /** Where in the slab begins what is not yet in `pieces`. */
  #start: number;

  constructor(slab: Slab) {
    this.#slab = slab;
    this.#start = slab.free;
  }

  /** Before the first frame of a flush: others may have used the slab. */
  begin(): void {
    this.#start = this.#slab.free;
    this.bytes = 0;
  }

  /** All that was written, in order. Valid until the next `begin`. */
  take(): Uint8Array[] {
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** Bytes as they are: frames, or a preface. */
  raw(bytes: Uint8Array, length: number): void {
    this.#reserve(length);
    const slab = this.#slab;
    const target = slab.bytes;
    const at = slab.free;
    if (length < 64) for (let i = 0; i < length; i++) target[at + i] = bytes[i] as number;
    else target.set(bytes.subarray(0, length), at);
    slab.free = at + length;
    this.bytes += length;
  }

  /** A header block: HEADERS, and as many CONTINUATION as its size asks for. */
  headers(
    streamId: number,
    block: Uint8Array,
    length: number,
    endStream: boolean,
    maxFrame: number,
  ): void {
    const first = Math.min(length, maxFrame);
    const flags = (endStream ? Flag.END_STREAM : 0) | (first === length ? Flag.END_HEADERS : 0);
    this.#frame(first, FrameType.HEADERS, flags, streamId);
    this.raw(block, first);
    for (let at = first; at < length; at += maxFrame) {
      const end = Math.min(at + maxFrame, length);
      this.#frame(
        end - at,
        FrameType.CONTINUATION,
        end === length ? Flag.END_HEADERS : 0,
        streamId,
      );
      this.raw(block.subarray(at, end), end - at);
    }
  }

  /** The header of a DATA frame. `length` bytes by `data` must follow. */
  dataHeader(streamId: number, length: number, endStream: boolean): void {
    this.#frame(length, FrameType.DATA, endStream ? Flag.END_STREAM : 0, streamId);
  }

  /** Bytes of a DATA frame. They must stay as they are. */
  data(piece: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length >= COPIED_PIECE_BYTES) {
      this.#cut();
      this.#pieces.push(length === piece.length ? piece : piece.subarray(start, end));
      this.bytes += length;
      return;
    }
    this.raw(start === 0 ? piece : piece.subarray(start, end), length);
  }

  /** RST_STREAM. */
  reset(streamId: number, code: number): void {
    this.#frame(4, FrameType.RST_STREAM, 0, streamId);
    this.#uint32(code);
  }

  #frame(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEADER_BYTES + 4);
    const slab = this.#slab;
    slab.free = writeFrameHeader(slab.bytes, slab.free, length, type, flags, streamId);
    this.bytes += FRAME_HEADER_BYTES;
  }

  #uint32(value: number): void {
    const slab = this.#slab;
    slab.free = writeUint32(slab.bytes, slab.free, value);
    this.bytes += 4;
  }

  #reserve(bytes: number): void {
    const slab = this.#slab;
    if (slab.bytes.length - slab.free >= bytes) return;
    this.#cut();
    slab.reserve(bytes);
    this.#start = slab.free;
  }

  #cut(): void {
    const { bytes, free } = this.#slab;
    if (free > this.#start) this.#pieces.push(bytes.subarray(this.#start, free));
    this.#start = free;
  }
}

/** Writes the header of a frame. Returns where it ends. */
export function writeFrameHeader(
  target: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  target[at] = length >>> 16;
  target[at + 1] = length >>> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  return writeUint32(target, at + 5, streamId);
}

/** Writes 32 bits. Returns where they end. */
export function writeUint32(target: Uint8Array, at: number, value: number): number {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
  return at + 4;
}
