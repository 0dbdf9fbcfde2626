// SPDX-License-Identifier: Apache-2.0

/** Flags (1 byte), then the length of the data (4 bytes, big-endian). All protocols share it. */
export const ENVELOPE_HEADER_BYTES = 5;

/** Counts the envelopes that wait to be read, while their bytes arrive. */
export class EnvelopeCount {
  readonly #endFlag: number;
  readonly #maxBytes: number;
  readonly #onMessage: ((bytes: number) => void) | undefined;
  /** Whole messages that wait. */
  messages = 0;
  /** Bytes of their data. */
  bytes = 0;
  /** Flags of the envelope that ends the stream, if it is whole. Nothing after it counts. */
  end: number | undefined;
  /** An envelope is announced that is too large. Neither it nor what follows will be read. */
  tooLarge = false;
  /** Of the envelope that is arriving: how much of its header is there, and what that says. */
  #header = 0;
  #flags = 0;
  #length = 0;
  #missing = 0;

  /** `onMessage` is told the bytes of each message when it is whole. */
  constructor(endFlag: number, maxBytes: number, onMessage?: (bytes: number) => void) {
    this.#endFlag = endFlag;
    this.#maxBytes = maxBytes;
    this.#onMessage = onMessage;
  }

  /** More bytes have arrived. */
  add(piece: Uint8Array): void {
    let at = 0;
    while (at < piece.byteLength && this.end === undefined && !this.tooLarge) {
      if (this.#header < ENVELOPE_HEADER_BYTES) {
        this.#readHeader(piece[at++] ?? 0);
      } else {
        const part = Math.min(this.#missing, piece.byteLength - at);
        this.#missing -= part;
        at += part;
      }
      if (this.#header === ENVELOPE_HEADER_BYTES && this.#missing === 0) this.#addWhole();
    }
  }

  /** The first envelope was read. */
  subtract(flags: number, bytes: number): void {
    if (flags & this.#endFlag) {
      this.end = undefined;
    } else {
      this.messages--;
      this.bytes -= bytes;
    }
  }

  #readHeader(byte: number): void {
    if (this.#header++ === 0) this.#flags = byte;
    else this.#length = ((this.#length << 8) | byte) >>> 0;
    if (this.#header < ENVELOPE_HEADER_BYTES) return;
    this.#missing = this.#length;
    this.tooLarge = this.#length > this.#maxBytes;
  }

  #addWhole(): void {
    if (this.#flags & this.#endFlag) {
      this.end = this.#flags;
    } else {
      this.messages++;
      this.bytes += this.#length;
      this.#onMessage?.(this.#length);
    }
    this.#header = 0;
    this.#length = 0;
  }
}
