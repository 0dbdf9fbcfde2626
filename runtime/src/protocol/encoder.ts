// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError } from "@connectrpc/connect";
import type { MessageSink } from "../call/sender.js";
import { compress } from "./compression.js";
import { type Compression, compressedFlag } from "./connect-internals.js";
import type { Envelope } from "./envelope/envelope-reader.js";
import { EnvelopeWriter } from "./envelope/envelope-writer.js";

/** What an encoder needs to know of its codec. */
export interface EncoderFormat<T> {
  /** Throws a `ConnectError` for a message that cannot be sent. */
  readonly serialize: (message: T) => Uint8Array;
  readonly compression: Compression | null;
  readonly compressMinBytes: number;
  /** Told the bytes of each message that is handed over, as it travels. */
  readonly onSent: ((bytes: number) => void) | undefined;
}

interface Compressing {
  readonly compression: Compression;
  readonly minBytes: number;
}

/** Whom an encoder tells. */
export interface EncoderEvents {
  /** A message cannot be sent. `accepted`: its `send` may have resolved already, so the call fails. */
  onUnsendable(error: ConnectError, accepted: boolean): void;
}

/** Turns messages into envelopes, and hands these to the wire. */
export class MessageEncoder<T> implements MessageSink<T, Envelope> {
  readonly #serializer: EncoderFormat<T>["serialize"];
  /** Where messages are compressed. */
  readonly #compressing: Compressing | undefined;
  readonly #onSent: EncoderFormat<T>["onSent"];
  readonly #events: EncoderEvents;
  readonly writer: EnvelopeWriter = new EnvelopeWriter();
  /** Bytes of the message that was encoded last, before compression. */
  size = 0;
  /** Messages written so far. */
  messages = 0;
  /** Their bytes, as they travel. */
  bytes = 0;

  constructor(format: EncoderFormat<T>, events: EncoderEvents) {
    const { compression, compressMinBytes } = format;
    this.#serializer = format.serialize;
    this.#compressing = compression ? { compression, minBytes: compressMinBytes } : undefined;
    this.#onSent = format.onSent;
    this.#events = events;
  }

  encode(message: T): Envelope | Promise<Envelope> {
    const data = this.#serialize(message);
    this.size = data.byteLength;
    const compressing = this.#compressing;
    return compressing && data.byteLength >= compressing.minBytes
      ? this.#compress(data, compressing.compression)
      : { flags: 0, data };
  }

  write(envelope: Envelope): boolean {
    this.messages++;
    this.bytes += envelope.data.byteLength;
    const open = this.writer.write(envelope);
    this.#onSent?.(envelope.data.byteLength);
    return open;
  }

  #serialize(message: T): Uint8Array {
    try {
      return this.#serializer(message);
    } catch (thrown) {
      this.#events.onUnsendable(ConnectError.from(thrown, Code.Internal), false);
      throw thrown;
    }
  }

  #compress(data: Uint8Array, compression: Compression): Envelope | Promise<Envelope> {
    const compressed = compress(data, compression);
    return compressed instanceof Uint8Array
      ? compressedEnvelope(compressed)
      : compressed.then(compressedEnvelope).catch((thrown: unknown) => {
          const error = ConnectError.from(thrown, Code.Internal);
          this.#events.onUnsendable(error, true);
          throw error;
        });
  }
}

function compressedEnvelope(data: Uint8Array): Envelope {
  return { flags: compressedFlag, data };
}
