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
  serialize(message: T): Uint8Array;
  readonly compression: Compression | null;
  readonly compressMinBytes: number;
  /** Told the bytes of each message that is handed over, as it travels. */
  readonly onSent?: ((bytes: number) => void) | undefined;
  /** Told of a message that cannot be compressed. Its `send` may have resolved: the call fails. */
  onError(error: ConnectError): void;
}

/** Turns messages into envelopes, and hands these to the wire. */
export class MessageEncoder<T> implements MessageSink<T, Envelope> {
  readonly #format: EncoderFormat<T>;
  readonly writer: EnvelopeWriter = new EnvelopeWriter();
  /** Bytes of the message that was encoded last, before compression. */
  size = 0;
  /** Messages written so far. */
  messages = 0;
  /** Their bytes, as they travel. */
  bytes = 0;

  constructor(format: EncoderFormat<T>) {
    this.#format = format;
  }

  encode(message: T): Envelope | Promise<Envelope> {
    const data = this.#format.serialize(message);
    this.size = data.byteLength;
    const { compression, compressMinBytes } = this.#format;
    return compression && data.byteLength >= compressMinBytes
      ? this.#compress(data, compression)
      : { flags: 0, data };
  }

  write(envelope: Envelope): boolean {
    this.messages++;
    this.bytes += envelope.data.byteLength;
    const open = this.writer.write(envelope);
    this.#format.onSent?.(envelope.data.byteLength);
    return open;
  }

  #compress(data: Uint8Array, compression: Compression): Envelope | Promise<Envelope> {
    const compressed = compress(data, compression);
    return compressed instanceof Uint8Array
      ? compressedEnvelope(compressed)
      : compressed.then(compressedEnvelope).catch((thrown: unknown) => {
          const error = ConnectError.from(thrown, Code.Internal);
          this.#format.onError(error);
          throw error;
        });
  }
}

function compressedEnvelope(data: Uint8Array): Envelope {
  return { flags: compressedFlag, data };
}
