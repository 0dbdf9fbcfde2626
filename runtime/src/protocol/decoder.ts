// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import { type Bounds, DEFAULT_QUEUE_BYTES } from "../call/bounds.js";
import type { Overflow, Overflowing } from "../call/overflow.js";
import type { MessageSource } from "../call/receiver.js";
import type { QueueFill } from "../options/queues.js";
import { decompress } from "./compression.js";
import { type Compression, compressedFlag } from "./connect-internals.js";
import { DecompressQueue } from "./decompress-queue.js";
import type { Parse } from "./element-limit.js";
import { type Envelope, EnvelopeReader } from "./envelope/envelope-reader.js";
import { ReceiveBackpressure } from "./receive-backpressure.js";

/** What a decoder needs to know of its protocol and codec. */
export interface DecoderFormat<T> {
  readonly parse: Parse<T>;
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
  onConsumed(end: Uint8Array | undefined): void;
  /** What arrived is no message, or too large. */
  onInvalid(error: ConnectError): void;
  /** Hold the peer back, or let it go on. */
  onPause(paused: boolean): void;
}

/** Turns bytes into messages, one at a time, when somebody asks for one. */
export class MessageDecoder<T> implements MessageSource<T>, Overflowing {
  readonly #parse: Parse<T>;
  readonly #compression: Compression | null;
  readonly #bounds: Bounds | undefined;
  readonly #events: DecoderEvents;
  readonly #reader: EnvelopeReader;
  /** Made when it may be needed. */
  #backpressure: ReceiveBackpressure | undefined;
  readonly #overflow: Overflow | undefined;
  /** Made when the first compressed message is taken. */
  #decompressing: DecompressQueue | undefined;
  /** True while the envelope that ends the stream is being decompressed. */
  #ending = false;
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
    const { readMaxBytes, aliases, endFlag, onMessage, bounds } = format;
    this.#parse = format.parse;
    this.#compression = format.compression;
    this.#bounds = bounds;
    this.#events = events;
    this.#reader = new EnvelopeReader(readMaxBytes, aliases, endFlag, onMessage);
    this.#overflow = bounds?.overflowOf(this);
  }

  /** True when the bytes so far are no whole envelope or none at all. */
  get drained(): boolean {
    return !this.#ending && !this.#decompressing?.length && !this.#reader.hasNext;
  }

  push(chunk: Uint8Array): void {
    if (this.#stopped) return;
    this.#reader.push(chunk);
    this.#events.onReady();
    this.#holdBack();
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
    this.#decompressing?.clear();
    this.#reader.drop();
    // Node does not close a stream whose data nobody takes.
    this.#backpressure?.end();
  }

  /** What has arrived, and was neither taken nor dropped. */
  get unread(): QueueFill {
    const { messages, bytes } = this.#reader.count;
    const dropped = this.#dropped;
    const held = this.#decompressing?.unread;
    if (!held) return { messages, bytes, dropped };
    return { messages: messages + held.messages, bytes: bytes + held.bytes, dropped };
  }

  get complete(): boolean {
    return this.#stopped || this.#wireEnded || this.#reader.count.end !== undefined;
  }

  /** All that has arrived. */
  get received(): Traffic {
    const { messages, bytes } = this.#reader.count;
    const queue = this.#decompressing;
    return {
      messages: this.messages + (queue?.length ?? 0) + messages,
      bytes: this.#bytes + (queue?.travelled ?? 0) + bytes,
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
    try {
      const decompressed = this.#decompressing?.take();
      this.#count(decompressed?.travelled ?? this.#reader.next()?.data.byteLength ?? 0);
    } catch (error) {
      this.#fail(error);
    }
  }

  overflow(error: ConnectError): void {
    this.#fail(error);
  }

  take(): T | undefined {
    if (this.#stopped || this.#ending) return undefined;
    try {
      return this.#decompressing?.length ? this.#takeDecompressed() : this.#takeNext();
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #holdBack(): void {
    const bounds = this.#bounds;
    if (!bounds && this.#reader.buffered < DEFAULT_QUEUE_BYTES) return;
    this.#backpressure ??= new ReceiveBackpressure(this.#reader, bounds, this.#events);
    this.#backpressure.onGrow();
  }

  #takeNext(): T | undefined {
    const envelope = this.#reader.next();
    this.#backpressure?.onShrink();
    if (!envelope) return this.#atEnd();
    const { flags, data } = envelope;
    if (this.#areInvalid(flags)) {
      const text = `protocol error: invalid envelope flags 0x${flags.toString(16)}`;
      throw new ConnectError(text, Code.Internal);
    }
    if (flags & this.#reader.endFlag) return this.#takeEnd(envelope);
    if (flags & compressedFlag) {
      this.#queue.push(envelope);
      return this.#takeDecompressed();
    }
    this.#count(data.byteLength);
    return this.#parse(data);
  }

  #takeDecompressed(): T | undefined {
    const queue = this.#queue;
    const message = queue.take();
    // While one takes its time, others can be decompressed beside it.
    if (queue.length > 0) this.#decompressAhead();
    if (!message) return undefined;
    this.#count(message.travelled);
    return this.#parse(message.data, message.travelled);
  }

  #decompressAhead(): void {
    // A queue with bounds of its own holds no more than these.
    if (this.#bounds) return;
    for (let next = this.#reader.peek(); next; next = this.#reader.peek()) {
      if (next.flags & ~compressedFlag || !this.#queue.fits(next.length)) break;
      const envelope = this.#reader.next();
      if (envelope) this.#queue.push(envelope);
    }
    this.#backpressure?.onShrink();
  }

  #areInvalid(flags: number): boolean {
    return (flags & ~(compressedFlag | this.#reader.endFlag)) !== 0;
  }

  get #queue(): DecompressQueue {
    this.#decompressing ??= new DecompressQueue(this.#compression, this.#reader.maxBytes, () => {
      this.#events.onReady();
      this.#overflow?.onGrow();
    });
    return this.#decompressing;
  }

  #count(travelled: number): void {
    this.messages++;
    this.#bytes += travelled;
  }

  #takeEnd({ flags, data }: Envelope): undefined {
    this.#endTaken = true;
    const end =
      flags & compressedFlag ? decompress(data, this.#compression, this.#reader.maxBytes) : data;
    if (end instanceof Uint8Array) {
      this.#finish(end);
      return;
    }
    this.#ending = true;
    end
      .then((decompressed) => {
        if (!this.#stopped) this.#finish(decompressed);
      })
      .catch((error: unknown) => {
        if (!this.#stopped) this.#fail(error);
      });
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
    this.#events.onConsumed(end);
  }

  #fail(error: unknown): void {
    this.stop();
    this.#events.onInvalid(ConnectError.from(error, Code.Internal));
  }
}
