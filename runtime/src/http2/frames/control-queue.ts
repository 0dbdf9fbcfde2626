// SPDX-License-Identifier: Apache-2.0
import { Flag, FRAME_HEADER_BYTES, FrameType } from "./frame-types.js";
import { writeFrameHeader, writeUint32 } from "./frame-writer.js";

const FIRST_CAPACITY = 64;

/** A queue that has grown beyond this is not kept. */
const MAX_KEPT_CAPACITY = 1024;

/**
 * Frames that go before all others of a flush: answers to the peer, and what it waits for. They are
 * written when they come up, into memory of their own.
 */
export class ControlQueue {
  bytes: Uint8Array = new Uint8Array(FIRST_CAPACITY);
  length = 0;

  /** RST_STREAM, for a stream of which nothing else is to follow. */
  reset(streamId: number, code: number): void {
    this.#frame(4, FrameType.RST_STREAM, 0, streamId);
    this.#uint32(code);
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#frame(4, FrameType.WINDOW_UPDATE, 0, streamId);
    this.#uint32(increment);
  }

  settings(pairs: readonly (readonly [id: number, value: number])[]): void {
    this.#frame(6 * pairs.length, FrameType.SETTINGS, 0, 0);
    for (const [id, value] of pairs) {
      this.bytes[this.length++] = id >>> 8;
      this.bytes[this.length++] = id;
      this.#uint32(value);
    }
  }

  settingsAck(): void {
    this.#frame(0, FrameType.SETTINGS, Flag.ACK, 0);
  }

  /** PING with what `payload` has from `at` on. */
  ping(ack: boolean, payload: Uint8Array, at: number): void {
    this.#frame(8, FrameType.PING, ack ? Flag.ACK : 0, 0);
    this.raw(payload.subarray(at, at + 8));
  }

  goaway(lastStreamId: number, code: number, debug: Uint8Array): void {
    this.#frame(8 + debug.length, FrameType.GOAWAY, 0, 0);
    this.#uint32(lastStreamId);
    this.#uint32(code);
    this.raw(debug);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Forgets what has been sent. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > MAX_KEPT_CAPACITY) this.bytes = new Uint8Array(FIRST_CAPACITY);
  }

  #frame(length: number, type: number, flags: number, streamId: number): void {
    this.#reserve(FRAME_HEADER_BYTES + length);
    this.length = writeFrameHeader(this.bytes, this.length, length, type, flags, streamId);
  }

  #uint32(value: number): void {
    this.length = writeUint32(this.bytes, this.length, value);
  }

  #reserve(bytes: number): void {
    const needed = this.length + bytes;
    if (this.bytes.length >= needed) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, needed));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}
