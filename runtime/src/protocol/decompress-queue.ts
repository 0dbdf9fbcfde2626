// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Held } from "../call/bounds.js";
import { Fifo } from "../call/fifo.js";
import { decompress, findNativeCompression, type NativeCompression } from "./compression.js";
import { type Compression, compressedFlag } from "./connect-internals.js";
import type { Envelope } from "./envelope/envelope-reader.js";

/** So many messages of a stream are decompressed at a time: as many as Node has threads for it. */
const MAX_MESSAGES = 4;

/** What all but the first of them may take together, in bytes. */
const MAX_AHEAD_BYTES = 256 * 1024;

/** A message that was taken off the wire, and that nobody has taken yet. */
interface Entry {
  /** Bytes, as they travelled. */
  readonly travelled: number;
  /** Compressed, until the message is ready. */
  data: Uint8Array;
  state: "compressed" | "running" | "ready";
  /** What it may take while others are before it. */
  reserved: number;
  error: unknown;
}

/**
 * Messages that are being decompressed, in order: several at a time, if the platform can do that.
 * Only the first may take as much memory as a message may. The others have to be small.
 */
export class DecompressQueue {
  readonly #compression: Compression | null;
  readonly #native: NativeCompression | undefined;
  readonly #maxBytes: number;
  readonly #onReady: () => void;
  readonly #entries: Fifo<Entry> = new Fifo();
  #reserved = 0;

  /** `onReady` is called when `take` may return a message that it did not before, or throw. */
  constructor(compression: Compression | null, maxBytes: number, onReady: () => void) {
    this.#compression = compression;
    this.#native = findNativeCompression(compression);
    this.#maxBytes = maxBytes;
    this.#onReady = onReady;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** What could be taken: all but a first one that somebody waits for. */
  get unread(): Held {
    const held = { messages: 0, bytes: 0 };
    for (let at = this.#first?.state === "ready" ? 0 : 1; at < this.length; at++) {
      held.messages++;
      held.bytes += this.#entries.at(at)?.data.byteLength ?? 0;
    }
    return held;
  }

  /** Bytes of all, as they travelled. */
  get travelled(): number {
    let bytes = 0;
    for (let at = 0; at < this.length; at++) bytes += this.#entries.at(at)?.travelled ?? 0;
    return bytes;
  }

  /** Whether to put in another message, of so many bytes as it travels. */
  fits(bytes: number): boolean {
    if (!this.#native || this.length >= MAX_MESSAGES) return false;
    const last = this.#entries.at(this.length - 1);
    return last?.state !== "compressed" && this.#reserved + bytes <= MAX_AHEAD_BYTES;
  }

  push({ flags, data }: Envelope): void {
    const state = flags & compressedFlag ? "compressed" : "ready";
    const { byteLength: travelled } = data;
    const entry: Entry = { travelled, data, state, reserved: 0, error: undefined };
    const isFirst = this.length === 0;
    this.#entries.push(entry);
    if (!isFirst) this.#startAhead(entry);
  }

  /** Takes the first one, if it is ready. Throws if it cannot be decompressed. */
  take(): { readonly data: Uint8Array; readonly travelled: number } | undefined {
    const first = this.#first;
    if (first?.state === "compressed") this.#run(first, this.#maxBytes);
    if (first?.state !== "ready") return undefined;
    if (first.error !== undefined) throw first.error;
    this.#entries.shift();
    this.#reserved -= first.reserved;
    return first;
  }

  /** Forgets all. */
  clear(): void {
    this.#entries.clear();
    this.#reserved = 0;
  }

  get #first(): Entry | undefined {
    return this.#entries.at(0);
  }

  /** Starts one that has others before it, if it is small. What it says of itself may be a lie. */
  #startAhead(entry: Entry): void {
    const { state, data } = entry;
    const said = state === "compressed" ? (this.#native?.expectedBytes(data) ?? 0) : 0;
    const reserved = Math.max(said, data.byteLength);
    const fits = reserved <= this.#maxBytes && this.#reserved + reserved <= MAX_AHEAD_BYTES;
    if (state === "compressed" && !fits) return;
    entry.reserved = reserved;
    this.#reserved += reserved;
    if (state === "compressed") this.#run(entry, reserved);
  }

  #run(entry: Entry, maxBytes: number): void {
    entry.state = "running";
    try {
      const data = decompress(entry.data, this.#compression, maxBytes);
      if (data instanceof Uint8Array) return settle(entry, data);
      data.then(
        (decompressed) => {
          settle(entry, decompressed);
          this.#tell(entry);
        },
        (error: unknown) => {
          this.#fail(entry, maxBytes, error);
          this.#tell(entry);
        },
      );
    } catch (error) {
      this.#fail(entry, maxBytes, error);
    }
  }

  #fail(entry: Entry, maxBytes: number, error: unknown): void {
    const mayBeLarger = maxBytes < this.#maxBytes;
    if (mayBeLarger && ConnectError.from(error).code === Code.ResourceExhausted) {
      // Not as small as it said: it is decompressed when it is the first.
      entry.state = "compressed";
      this.#reserved -= entry.reserved;
      entry.reserved = 0;
    } else {
      entry.state = "ready";
      entry.error = error;
    }
  }

  #tell(entry: Entry): void {
    if (entry === this.#first) this.#onReady();
  }
}

function settle(entry: Entry, data: Uint8Array): void {
  entry.data = data;
  entry.state = "ready";
}
