// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import type { Bounds } from "../call/bounds.js";
import { Overflow, type Overflowing } from "../call/overflow.js";
import type { MessageSource } from "../call/receiver.js";
import type { QueueFill } from "../options/queues.js";
import { type Compression, compressedFlag } from "./connect-internals.js";
import { type Envelope, EnvelopeReader } from "./envelope/envelope-reader.js";
import { ReceiveBackpressure } from "./receive-backpressure.js";

/** What a decoder needs to know of its protocol and codec. */
export interface DecoderFormat<T> {
  parse(data: Uint8Array): T;
  /** Parsed messages may hold views of the data. */
  readonly aliases: boolean;
  /** The flag of the envelope that ends the stream, or 0 where the protocol has none. */
  readonly endFlag: number;
  readonly compression: Compression | null;
  readonly readMaxBytes: number;
  /** How much to hold that nobody has read. */
  readonly bounds: Bounds | undefined;
  /** Told the bytes of each message that has arrived, read or not. */
  readonly onMessage?: ((bytes: number) => void) | undefined;
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
export class MessageDecoder<T> implements MessageSource<T>, Overflowing {
  readonly #format: DecoderFormat<T>;
  readonly #events: DecoderEvents;
  readonly #reader: EnvelopeReader;
  readonly #delayHalfClose: ReceiveBackpressure;
  readonly #overflow: Overflow | undefined;
  /** True while an envelope is being decompressed. */
  #busy = false;
  #inflated: Uint8Array | undefined;
  /** The envelope that ends the stream is no longer among those that wait. */
  #endTaken = false;
  #wireEnded = false;
  #stopped = false;
  /** Messages taken or dropped so far. */
  messages = 0;
  /** Their bytes, as they travelled. */
  #bytes = 0;
  /** Messages dropped so far. */
  #dropped = 0;

  constructor(format: DecoderFormat<T>, events: DecoderEvents) {
    this.#format = format;
    this.#events = events;
    const { readMaxBytes, aliases, endFlag, onMessage } = format;
    this.#reader = new EnvelopeReader(readMaxBytes, aliases, endFlag, onMessage);
    this.#delayHalfClose = new ReceiveBackpressure(this.#reader, format.bounds, events);
    this.#overflow = Overflow.of(format.bounds, this);
  }

  /** True when the bytes so far are no whole envelope or none at all. */
  get drained(): boolean {
    return !this.#busy && this.#inflated === undefined && !this.#reader.hasNext;
  }

  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    this.#reader.push(chunk);
    this.#events.onReady();
    this.#delayHalfClose.onGrow();
    this.#overflow?.onGrow();
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
    this.#delayHalfClose.end();
  }

  /** What has arrived, and was neither taken nor dropped. */
  get unread(): QueueFill {
    const { messages, bytes } = this.#reader.count;
    const dropped = this.#dropped;
    if (!this.#inflated) return { messages, bytes, dropped };
    return { messages: messages + 1, bytes: bytes + this.#inflated.byteLength, dropped };
  }

  get complete(): boolean {
    return this.#stopped || this.#wireEnded || this.#reader.count.end !== undefined;
  }

  /** All that has arrived. */
  get received(): Traffic {
    const { messages, bytes } = this.#reader.count;
    return {
      messages: this.messages + messages,
      bytes: this.#bytes + bytes,
      dropped: this.#dropped,
    };
  }

  /** The envelope that ends the stream, if it has come and all before it waits to be taken. */
  peekEnd(): Envelope | undefined {
    return this.#reader.peekEnd();
  }

  /** True when the wire has ended, and no envelope that ends the stream has come or may have. */
  get endMissing(): boolean {
    if (!this.#wireEnded || this.#stopped || this.#endTaken) return false;
    const { end, tooLarge } = this.#reader.count;
    return end === undefined && !tooLarge;
  }

  dropOldest(): void {
    this.#dropped++;
    if (this.#inflated) {
      this.#inflated = undefined;
      return;
    }
    const envelope = this.#reader.next();
    this.messages++;
    this.#bytes += envelope?.data.byteLength ?? 0;
  }

  overflow(error: ConnectError): void {
    this.#fail(error);
  }

  take(): T | undefined {
    if (this.#stopped || this.#busy) return undefined;
    try {
      if (this.#inflated) return this.#takeInflated(this.#inflated);
      const envelope = this.#reader.next();
      this.#delayHalfClose.onShrink();
      return envelope ? this.#open(envelope) : this.#atEnd();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #open({ flags, data }: Envelope): T | undefined {
    const isEnd = (flags & this.#format.endFlag) !== 0;
    if (isEnd) {
      this.#endTaken = true;
    } else {
      this.messages++;
      this.#bytes += data.byteLength;
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
    this.#overflow?.onGrow();
  }

  #fail(error: unknown): void {
    this.stop();
    this.#events.onError(ConnectError.from(error, Code.Internal));
  }
}
