// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy, Traffic } from "../api/outcome.js";
import type { Bounds } from "../call/bounds.js";
import type { MessageHooks } from "../call/message-hooks.js";
import type { CallWatch } from "../observe/call-watch.js";
import type { StreamLimits } from "../options/limits.js";
import type { QueueFill } from "../options/queues.js";
import type { CallQueues } from "../protocol/call-queues.js";
import {
  type CommonTransportOptions,
  compressedFlag,
  createMethodSerializationLookup,
  createMethodUrl,
} from "../protocol/connect-internals.js";
import { MessageDecoder } from "../protocol/decoder.js";
import { MessageEncoder } from "../protocol/encoder.js";
import type { IncomingFields } from "../protocol/fields.js";
import { mayReferenceInput } from "../protocol/input-references.js";
import type { ClientFormat, ClientProtocol, ResponseHead } from "../protocol/protocol.js";
import { meteredParse, meteredSerialize } from "../protocol/stream-size.js";
import { toMessage } from "../protocol/to-message.js";
import type { ClientWire, ClientWireEvents } from "../protocol/wire.js";
import { Call, type Carrier } from "./call.js";
import { checkSingleResponse } from "./check-single-response.js";
import type { CallInit } from "./client-call.js";
import { invalidHeaderError } from "./not-sent-error.js";
import { needsHttp2, withUrl } from "./transport-error.js";

/** Starts an HTTP request, and tells `events` what becomes of it. */
export type OpenWire = (url: string, header: Headers, events: ClientWireEvents) => void;

/** What calls of one transport share. */
export interface WireTransportOptions extends Omit<CommonTransportOptions, "httpClient"> {
  readonly protocol: ClientProtocol;
  readonly openWire: OpenWire;
  /** False where a response begins only when the request has ended: over HTTP/1.1. */
  readonly fullDuplex: boolean;
  /** What the service's client, or the call, limits beyond one message. */
  readonly streamLimits?: StreamLimits | undefined;
}

/** What one call is opened with. `header` has the protocol's fields already. */
export interface WireCallInit {
  readonly header: Headers;
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number | undefined;
  readonly queues: CallQueues;
  readonly skip?: CallInit["skip"];
  readonly watch?: CallWatch | undefined;
}

const nothing: Traffic & QueueFill = { messages: 0, bytes: 0, dropped: 0 };

type Serialization = ReturnType<typeof createMethodSerializationLookup<DescMessage, DescMessage>>;

/** How requests of `options` look. */
export function formatOf(
  options: WireTransportOptions,
  timeoutMs: number | undefined,
): ClientFormat {
  return {
    binary: options.useBinaryFormat,
    timeoutMs,
    acceptCompression: options.acceptCompression,
    sendCompression: options.sendCompression,
  };
}

/** Carries a call on the wire: messages to bytes, and back. */
export class WireCarrier implements Carrier, ClientWireEvents {
  readonly call: Call<unknown>;
  readonly #options: WireTransportOptions;
  readonly #method: DescMethodStreaming;
  readonly #serialization: Serialization;
  readonly #encoder: MessageEncoder<object>;
  readonly #bounds: Bounds | undefined;
  readonly #tap: MessageHooks | undefined;
  #decoder: MessageDecoder<object> | undefined;
  #wire: ClientWire | undefined;
  #sendEnded = false;
  #head: ResponseHead | undefined;
  #header: IncomingFields | undefined;
  #trailer: IncomingFields | undefined;

  constructor(options: WireTransportOptions, method: DescMethodStreaming, init: WireCallInit) {
    this.#options = options;
    this.#method = method;
    this.#serialization = createMethodSerializationLookup(
      method,
      options.binaryOptions,
      options.jsonOptions,
      options,
    );
    this.#bounds = init.queues.receive;
    this.#tap = init.watch?.tap;
    this.#encoder = this.#createEncoder();
    const source = { take: () => this.#decoder?.take() };
    this.call = new Call(source, this.#encoder, this, init.queues.send, init.watch, init.skip);
    this.call.watch(init.signal, init.timeoutMs);
    if (method.methodKind === "bidi_streaming" && !options.fullDuplex) this.call.fail(needsHttp2());
    if (!this.call.ended) this.#open(init.header);
  }

  #open(header: Headers): void {
    const bad = invalidHeaderError(header);
    if (bad) return this.call.fail(bad);
    this.#options.openWire(this.#url, header, this);
  }

  get #url(): string {
    return createMethodUrl(this.#options.baseUrl, this.#method);
  }

  get sent(): Carrier["sent"] {
    return { messages: this.#encoder.messages, bytes: this.#encoder.bytes };
  }

  get received(): Traffic {
    return this.#decoder?.received ?? nothing;
  }

  get unread(): QueueFill {
    return this.#decoder?.unread ?? nothing;
  }

  get taken(): number {
    return this.#decoder?.messages ?? 0;
  }

  endSend(): void {
    this.#sendEnded = true;
    this.#encoder.writer.flush();
    this.#wire?.end();
  }

  cancel(): void {
    this.#decoder?.stop();
    this.#encoder.writer.drop();
    this.#wire?.cancel();
  }

  onOpen(wire: ClientWire): void {
    this.#wire = wire;
    if (this.call.ended) return wire.cancel();
    this.#encoder.writer.attach(wire);
    this.call.drained();
    if (this.#sendEnded) this.endSend();
  }

  onHeader(status: number, header: IncomingFields): void {
    if (this.call.ended) return;
    this.#header = header;
    try {
      const format = formatOf(this.#options, undefined);
      this.#head = this.#options.protocol.validateHead(status, header, format);
    } catch (thrown) {
      const error = ConnectError.from(thrown, Code.Internal);
      this.#conclude("server", withUrl(error, this.#url, this.#method));
      this.#wire?.cancel();
      return;
    }
    this.call.gotHeader(header.headers);
    this.#decoder = this.#createDecoder(this.#head);
    this.call.ready();
  }

  onData(chunk: Uint8Array): void {
    this.#decoder?.push(chunk);
  }

  onDrain(): void {
    this.#encoder.writer.drained();
    this.call.drained();
  }

  onEnd(trailer: IncomingFields | undefined): void {
    this.#trailer = trailer;
    if (!this.#decoder) return this.#conclude("server", this.#noResponse());
    this.#decoder.end();
    if (!this.call.ended) this.#settleEarly(this.#decoder);
  }

  onFail(error: ConnectError, by: EndedBy): void {
    if (error.code === Code.Canceled && this.call.expiredAtCancel()) return;
    this.call.settle(by, undefined, error);
    if (this.#decoder) this.#decoder.end();
    else this.call.finished();
  }

  /** Messages are left to receive, but those who only send want to know how the call ended. */
  #settleEarly(decoder: MessageDecoder<object>): void {
    const end = decoder.peekEnd();
    if (!end) {
      if (this.#options.protocol.endFlag === 0 || decoder.endMissing) this.#settle(undefined);
    } else if (end.flags & compressedFlag) {
      this.#settleCompressed(end.data);
    } else {
      this.#settle(end.data);
    }
  }

  #settleCompressed(end: Uint8Array): void {
    this.#head?.compression
      ?.decompress(end as Uint8Array<ArrayBuffer>, this.#options.readMaxBytes)
      // What cannot be decompressed is an error for whoever receives up to there.
      .then(
        (data) => this.#settle(data),
        () => undefined,
      );
  }

  #settle(envelope: Uint8Array | undefined): void {
    if (!this.#head || !this.#header) return;
    const end = { header: this.#header, head: this.#head, trailer: this.#trailer, envelope };
    const { protocol } = this.#options;
    try {
      const trailer = protocol.validateEnd(end);
      this.call.settle(
        "server",
        trailer.headers,
        checkSingleResponse(this.#method, this.received.messages),
      );
    } catch (thrown) {
      // Where an envelope ends the stream, its trailers are in the error, and HTTP's say nothing.
      const trailer = protocol.endFlag === 0 ? this.#trailer : undefined;
      this.call.settle("server", trailer?.headers, ConnectError.from(thrown, Code.Internal));
    }
  }

  #conclude(by: EndedBy, error: ConnectError): void {
    this.call.settle(by, undefined, error);
    this.call.finished();
  }

  #noResponse(): ConnectError {
    return new ConnectError("the response ended before it began", Code.Unavailable);
  }

  #createDecoder(head: ResponseHead): MessageDecoder<object> {
    const { protocol, readMaxBytes, useBinaryFormat } = this.#options;
    const codec = this.#serialization.getO(useBinaryFormat);
    return new MessageDecoder<object>(
      {
        parse: meteredParse(codec.parse, this.#options.streamLimits),
        aliases: mayReferenceInput(this.#method.output),
        endFlag: protocol.endFlag,
        compression: head.compression,
        readMaxBytes,
        bounds: this.#bounds,
        onMessage: this.#tap?.received,
      },
      {
        onReady: () => this.call.ready(),
        onFinished: (end) => {
          this.#settle(end);
          this.call.finished();
        },
        onError: (error) => this.call.broken(error),
        onPause: (paused) => (paused ? this.#wire?.pause() : this.#wire?.resume()),
      },
    );
  }

  #createEncoder(): MessageEncoder<object> {
    const { sendCompression, compressMinBytes, useBinaryFormat } = this.#options;
    const codec = this.#serialization.getI(useBinaryFormat);
    const serialize = meteredSerialize(codec.serialize, this.#options.streamLimits);
    return new MessageEncoder<object>({
      serialize: (message) => {
        try {
          return serialize(toMessage(this.#method.input, message));
        } catch (thrown) {
          const error = ConnectError.from(thrown, Code.Internal);
          if (error.code === Code.ResourceExhausted) this.call.fail(error);
          throw error;
        }
      },
      compression: sendCompression,
      compressMinBytes,
      onSent: this.#tap?.sent,
      onError: (error) => this.call.fail(error),
    });
  }
}
