// SPDX-License-Identifier: Apache-2.0
import type { Writable } from "node:stream";

const HEADER_BYTES = 5;

/** How much to write at once. */
const WRITE_BYTES = 64 * 1024;

/** A message behind its header. */
export function envelope(data: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + data.byteLength);
  buffer[0] = 0;
  buffer.writeUInt32BE(data.byteLength, 1);
  buffer.set(data, HEADER_BYTES);
  return buffer;
}

/** Envelopes, many to one write. */
export class Gather {
  readonly #stream: Writable;
  #buffer: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** False: the stream is full. */
  add(data: Uint8Array): boolean {
    const total = HEADER_BYTES + data.byteLength;
    let room = true;
    if (this.#end + total > this.#buffer.byteLength) {
      room = this.flush();
      this.#buffer = Buffer.allocUnsafe(Math.max(WRITE_BYTES, total));
      this.#start = 0;
      this.#end = 0;
    }
    this.#buffer[this.#end] = 0;
    this.#buffer.writeUInt32BE(data.byteLength, this.#end + 1);
    this.#buffer.set(data, this.#end + HEADER_BYTES);
    this.#end += total;
    return room;
  }

  flush(): boolean {
    if (this.#start === this.#end) return true;
    const piece = this.#buffer.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return this.#stream.write(piece);
  }
}

/** Finds envelopes in what arrives. */
export class Scan {
  readonly #got: (data: Uint8Array) => void;
  #rest: Buffer = Buffer.alloc(0);
  #wanted = 0;
  #pieces: Buffer[] = [];
  #held = 0;

  constructor(got: (data: Uint8Array) => void) {
    this.#got = got;
  }

  push(chunk: Buffer): void {
    this.#pieces.push(chunk);
    this.#held += chunk.byteLength;
    // A large message comes in many pieces: join them once, when it is whole.
    if (this.#held < this.#wanted) return;
    this.#rest = this.#pieces.length === 1 ? chunk : Buffer.concat(this.#pieces, this.#held);
    this.#cut();
  }

  #cut(): void {
    const bytes = this.#rest;
    let at = 0;
    this.#wanted = HEADER_BYTES;
    while (at + HEADER_BYTES <= bytes.byteLength) {
      const next = at + HEADER_BYTES + bytes.readUInt32BE(at + 1);
      if (next > bytes.byteLength) {
        this.#wanted = next - at;
        break;
      }
      this.#got(bytes.subarray(at + HEADER_BYTES, next));
      at = next;
    }
    this.#held = bytes.byteLength - at;
    this.#pieces = this.#held > 0 ? [bytes.subarray(at)] : [];
  }
}
