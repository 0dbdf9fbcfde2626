// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, compressedFlag } from "@connectrpc/connect/protocol";
import type { MessageSource } from "../stream/inbound.js";
import { type Backlog, type Envelope, EnvelopeReader } from "./envelope-reader.js";

/**
 * Bytes to hold for a reader that does not keep up, before the peer is held back. With what the
 * HTTP/2 windows hold it stays under 256 KiB a stream.
 */
const MAX_BACKLOG_BYTES = 64 * 1024;

/** What a decoder needs to know of its protocol and codec. */
export interface DecoderFormat<T> {
  parse(data: Uint8Array): T;
  /** Parsed messages may hold views of the data. */
  readonly aliases: boolean;
  /** The flag of the envelope that ends the stream, or 0 where the protocol has none. */
  readonly endFlag: number;
  readonly compression: Compression | null;
  readonly readMaxBytes: number;
}

/** Whom a decoder tells. */
export interface DecoderEvents {
  /** A message can be taken that could not before. */
  onReady(): void;
  /** All messages have been taken. `end`: data of the envelope that ended the stream, if one did. */
  onFinished(end: Uint8Array | undefined): void;
  /** What arrived is no message, or too large. */
  onError(error: ConnectError): void;
  /** Hold the peer back, or let it go on. */
  onPause(paused: boolean): void;
}

/** Turns bytes into messages, one at a time, when somebody asks for one. */
export class MessageDecoder<T> implements MessageSource<T> {
  readonly #format: DecoderFormat<T>;
  readonly #events: DecoderEvents;
  readonly #reader: EnvelopeReader;
  /** True while an envelope is being decompressed. */
  #busy = false;
  #inflated: Uint8Array | undefined;
  #wireEnded = false;
  #paused = false;
  #stopped = false;
  /** Messages taken so far. */
  messages = 0;
  /** Their bytes, as they travelled. */
  bytes = 0;

  constructor(format: DecoderFormat<T>, events: DecoderEvents) {
    this.#format = format;
    this.#events = events;
    this.#reader = new EnvelopeReader(format.readMaxBytes, format.aliases);
  }

  /** True when the bytes so far are no whole envelope or none at all. */
  get drained(): boolean {
    return !this.#busy && this.#inflated === undefined && !this.#reader.hasNext;
  }

  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    this.#reader.push(chunk);
    this.#events.onReady();
    if (!this.#paused && this.#reader.buffered >= MAX_BACKLOG_BYTES && this.#reader.hasNext) {
      this.#paused = true;
      this.#events.onPause(true);
    }
  }

  /** The wire has ended: what is buffered is all there is. */
  end(): void {
    if (this.#wireEnded) return;
    this.#wireEnded = true;
    this.#events.onReady();
    if (this.drained) this.take();
  }

  /** Forgets everything; no more messages are told. What still arrives is let through. */
  stop(): void {
    this.#stopped = true;
    this.#inflated = undefined;
    this.#reader.drop();
    // Node does not close a stream whose data nobody takes.
    if (this.#paused) this.#unpause();
  }

  /** What has arrived and was not taken. */
  backlog(): Backlog {
    return this.#reader.peek(this.#format.endFlag);
  }

  take(): T | undefined {
    if (this.#stopped || this.#busy) return undefined;
    try {
      if (this.#inflated) return this.#takeInflated(this.#inflated);
      const envelope = this.#reader.next();
      if (this.#paused && this.#runsShort()) this.#unpause();
      return envelope ? this.#open(envelope) : this.#atEnd();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #open({ flags, data }: Envelope): T | undefined {
    const isEnd = (flags & this.#format.endFlag) !== 0;
    if (!isEnd) {
      this.messages++;
      this.bytes += data.byteLength;
    }
    if (flags & compressedFlag) {
      this.#inflate(data, isEnd);
      return undefined;
    }
    if (isEnd) {
      this.#finish(data);
      return undefined;
    }
    return this.#format.parse(data);
  }

  #atEnd(): undefined {
    if (!this.#wireEnded) return;
    if (this.#reader.buffered > 0) {
      throw new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument);
    }
    this.#finish(undefined);
  }

  #finish(end: Uint8Array | undefined): void {
    if (end && this.#reader.buffered > 0) {
      throw new ConnectError(
        "protocol error: data after the end of the stream",
        Code.InvalidArgument,
      );
    }
    this.stop();
    this.#events.onFinished(end);
  }

  #takeInflated(data: Uint8Array): T {
    this.#inflated = undefined;
    return this.#format.parse(data);
  }

  #inflate(data: Uint8Array, isEnd: boolean): void {
    const { compression, readMaxBytes } = this.#format;
    if (!compression) {
      throw new ConnectError(
        "received compressed envelope, but do not know how to decompress",
        Code.Internal,
      );
    }
    this.#busy = true;
    compression
      .decompress(data as Uint8Array<ArrayBuffer>, readMaxBytes)
      .then((inflated) => this.#onInflated(inflated, isEnd))
      .catch((error: unknown) => {
        this.#busy = false;
        if (!this.#stopped) this.#fail(error);
      });
  }

  #onInflated(data: Uint8Array, isEnd: boolean): void {
    this.#busy = false;
    if (this.#stopped) return;
    if (isEnd) return this.#finish(data);
    this.#inflated = data;
    this.#events.onReady();
  }

  /** What is left is little, or a piece of a message, whose rest has to come first. */
  #runsShort(): boolean {
    return this.#reader.buffered < MAX_BACKLOG_BYTES / 2 || !this.#reader.hasNext;
  }

  #unpause(): void {
    this.#paused = false;
    this.#events.onPause(false);
  }

  #fail(error: unknown): void {
    this.stop();
    this.#events.onError(ConnectError.from(error, Code.Internal));
  }
}
