// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy, Traffic } from "../api/outcome.js";
import type { QueueFill } from "../options/queues.js";
import { compressedFlag } from "../protocol/connect-internals.js";
import { type DecoderEvents, MessageDecoder } from "../protocol/decoder.js";
import { type EncoderEvents, MessageEncoder } from "../protocol/encoder.js";
import type { Envelope } from "../protocol/envelope/envelope-reader.js";
import type { IncomingFields } from "../protocol/fields.js";
import type { ResponseHead } from "../protocol/protocol.js";
import { meteredParse, meteredSerialize } from "../protocol/stream-size.js";
import type { ClientWire, ClientWireEvents } from "../protocol/wire.js";
import { Call, type Carrier } from "./call.js";
import type { CallInit } from "./client-call.js";
import { invalidHeaderError } from "./not-sent-error.js";
import { needsHttp2, noResponse, withUrl } from "./transport-error.js";
import { checkSingleResponse } from "./unary.js";
import type { OpeningWire, WireMethod, WireRequest } from "./wire-method.js";

const nothing: Traffic & QueueFill = { messages: 0, bytes: 0, dropped: 0 };

/** Carries a call on the wire, in envelopes: messages to bytes, and back. */
export class WireCarrier
  implements Carrier<Envelope>, ClientWireEvents, DecoderEvents, EncoderEvents
{
  readonly call: Call<Envelope>;
  readonly #method: WireMethod;
  readonly #init: CallInit;
  readonly #encoder: MessageEncoder<object>;
  #decoder: MessageDecoder<object> | undefined;
  #wire: ClientWire | undefined;
  #opening: OpeningWire | undefined;
  #sendEnded = false;
  #head: ResponseHead | undefined;
  #header: IncomingFields | undefined;
  #trailer: IncomingFields | undefined;

  constructor(method: WireMethod, request: WireRequest, init: CallInit) {
    this.#method = method;
    this.#init = init;
    this.#encoder = this.#createEncoder();
    this.call = new Call(method.rpc, this, init);
    this.call.startDeadline(request.timeoutMs);
    if (!this.call.ended) this.#open(request);
  }

  #open({ header, timeout }: WireRequest): void {
    const { rpc, options, url, path } = this.#method;
    const fault =
      rpc.methodKind === "bidi_streaming" && !options.fullDuplex
        ? needsHttp2()
        : invalidHeaderError(header);
    if (fault) return this.call.fail(fault);
    this.#opening = options.openWire({ method: "POST", url, path, header, timeout }, this);
  }

  get sent(): Omit<Traffic, "dropped"> {
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

  get size(): number {
    return this.#encoder.size;
  }

  take(): object | undefined {
    return this.#decoder?.take();
  }

  encode(message: object): Envelope | Promise<Envelope> {
    return this.#encoder.encode(message);
  }

  write(envelope: Envelope): boolean {
    return this.#encoder.write(envelope);
  }

  endSend(): void {
    this.#sendEnded = true;
    if (this.#wire) this.#endRequest(this.#wire);
  }

  cancel(): void {
    this.#decoder?.stop();
    this.#encoder.writer.drop();
    (this.#wire ?? this.#opening)?.cancel();
  }

  onOpen(wire: ClientWire): void {
    if (this.call.ended) return wire.cancel();
    const sendEnded = this.#sendEnded;
    this.#wire = wire;
    this.#encoder.writer.attach(wire);
    this.call.drained();
    if (sendEnded) this.#endRequest(wire);
  }

  onHeader(status: number, header: IncomingFields): void {
    if (this.call.ended) return;
    const { options, format, url, rpc } = this.#method;
    this.#header = header;
    try {
      this.#head = options.protocol.validateHead(status, header, format);
    } catch (thrown) {
      const error = ConnectError.from(thrown, Code.Internal);
      this.#conclude("server", withUrl(error, url, rpc));
      this.#wire?.cancel();
      return;
    }
    // Headers that have the error's status are the end of a response, and not its beginning.
    if (!this.#head.error) this.call.gotHeader(header);
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
    if (!this.#decoder) return this.#conclude("server", noResponse());
    this.#decoder.end();
    if (!this.call.ended) this.#settleEarly(this.#decoder);
  }

  onFail(error: ConnectError, by: EndedBy): void {
    if (error.code === Code.Canceled && this.call.expiredAtCancel()) return;
    this.call.settle(by, undefined, error);
    if (this.#decoder) this.#decoder.end();
    else this.call.finished();
  }

  onReady(): void {
    this.call.ready();
  }

  onConsumed(end: Uint8Array | undefined): void {
    this.#settle(end);
    this.call.finished();
  }

  onInvalid(error: ConnectError): void {
    this.call.broken(error);
  }

  onPause(paused: boolean): void {
    if (paused) this.#wire?.pause();
    else this.#wire?.resume();
  }

  onUnsendable(error: ConnectError, accepted: boolean): void {
    if (accepted) this.call.fail(error);
  }

  #endRequest(wire: ClientWire): void {
    this.#encoder.writer.flush();
    wire.end();
  }

  /** Messages are left to receive, but those who only send want to know how the call ended. */
  #settleEarly(decoder: MessageDecoder<object>): void {
    const end = decoder.peekEnd();
    if (!end) {
      const byTrailers = this.#method.options.protocol.endFlag === 0;
      if (byTrailers || decoder.endMissing) this.#settle(undefined);
    } else if (end.flags & compressedFlag) {
      this.#settleCompressed(end.data);
    } else {
      this.#settle(end.data);
    }
  }

  #settleCompressed(end: Uint8Array): void {
    this.#head?.compression
      ?.decompress(end as Uint8Array<ArrayBuffer>, this.#method.options.readMaxBytes)
      // What cannot be decompressed is an error for whoever receives up to there.
      .then(
        (data) => this.#settle(data),
        () => undefined,
      );
  }

  #settle(envelope: Uint8Array | undefined): void {
    if (!this.#head || !this.#header || this.call.ended) return;
    const { rpc, options } = this.#method;
    const end = {
      header: this.#header,
      head: this.#head,
      trailer: this.#trailer,
      envelope,
      empty: this.received.messages === 0,
    };
    try {
      const trailer = options.protocol.validateEnd(end);
      // An error in the headers was not the end of the response, if more followed.
      if (this.#head.error) this.call.gotHeader(this.#header);
      const fault = checkSingleResponse(rpc.methodKind, this.received.messages);
      this.call.settle("server", trailer, fault);
    } catch (thrown) {
      // Where an envelope ends the stream, its trailers are in the error, and HTTP's say nothing.
      const trailer = options.protocol.endFlag === 0 ? this.#trailer : undefined;
      this.call.settle("server", trailer, ConnectError.from(thrown, Code.Internal));
      if (!this.#sendEnded) this.#wire?.cancel();
    }
  }

  #conclude(by: EndedBy, error: ConnectError): void {
    this.call.settle(by, undefined, error);
    this.call.finished();
  }

  #createDecoder({ compression }: ResponseHead): MessageDecoder<object> {
    const { options, limits, parse, references } = this.#method;
    return new MessageDecoder<object>(
      {
        parse: meteredParse(parse, limits),
        aliases: references,
        endFlag: options.protocol.endFlag,
        compression,
        readMaxBytes: options.readMaxBytes,
        bounds: this.#init.queues.receive,
        onMessage: this.#init.observation?.hooks?.received,
      },
      this,
    );
  }

  #createEncoder(): MessageEncoder<object> {
    const { options, limits, serialize } = this.#method;
    return new MessageEncoder<object>(
      {
        serialize: meteredSerialize(serialize, limits),
        compression: options.sendCompression,
        compressMinBytes: options.compressMinBytes,
        onSent: this.#init.observation?.hooks?.sent,
      },
      this,
    );
  }
}
