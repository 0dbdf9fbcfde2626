// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy, Traffic } from "../api/outcome.js";
import { Queued } from "../linked-queue.js";
import type { QueueFill } from "../options/queues.js";
import { type DecoderEvents, MessageDecoder } from "../protocol/decoder.js";
import { type EncoderEvents, MessageEncoder } from "../protocol/encoder.js";
import { encodedTarget } from "../protocol/envelope/encoded-target.js";
import type { Fields } from "../protocol/fields.js";
import { fitStatus } from "../protocol/fit-status.js";
import { findInvalidHeader } from "../protocol/header-value.js";
import type { BodyDecoding, EnvelopeServerProtocol } from "../protocol/protocol.js";
import { meteredParse, meteredSerialize } from "../protocol/stream-size.js";
import type { ServerWire, ServerWireEvents } from "../protocol/wire.js";
import { AnswerDelay } from "./answer-delay.js";
import { Call } from "./call.js";
import type { TrackedCall } from "./call-tracker.js";
import type { Carrier } from "./carrier.js";
import { report, toClientError, tooLarge, unsendable } from "./client-error.js";
import { toRequestError } from "./codecs.js";
import type { RequestHead } from "./context.js";
import { CallContext } from "./context.js";
import { type HeaderFields, withFields } from "./extra-header.js";
import { negotiate, responseHeader, type Terms } from "./negotiation.js";
import { ServerObservation } from "./observe.js";
import type { ServedRpc } from "./pipeline.js";

/** Carries a call on a wire, its messages in envelopes: bytes to messages for the handler, and back. */
export class WireCarrier
  extends Queued<TrackedCall>
  implements Carrier, TrackedCall, ServerWireEvents, DecoderEvents, EncoderEvents
{
  readonly call: Call;
  readonly source: MessageDecoder<object>;
  readonly sink: MessageEncoder<object>;
  readonly #rpc: ServedRpc;
  readonly #protocol: EnvelopeServerProtocol;
  readonly #wire: ServerWire;
  readonly #context: CallContext;
  readonly #terms: Terms;
  readonly #extraHeader: HeaderFields | undefined;
  readonly #answerDelay: AnswerDelay | undefined;
  /** Where the body is not the bytes of envelopes. */
  readonly #body: BodyDecoding | undefined;
  #received: Traffic | undefined;

  constructor(
    rpc: ServedRpc,
    protocol: EnvelopeServerProtocol,
    binary: boolean,
    head: RequestHead,
    wire: ServerWire,
    extraHeader?: HeaderFields,
  ) {
    super();
    const terms = negotiate(rpc, protocol, head);
    const header = responseHeader(protocol, binary, terms.response);
    const context = new CallContext(
      rpc.method,
      protocol.name,
      head,
      terms.timeoutMs,
      header,
      rpc.clock,
    );
    const observation = ServerObservation.open(rpc.observer, context, head);
    this.#rpc = rpc;
    this.#protocol = protocol;
    this.#wire = wire;
    this.#extraHeader = extraHeader;
    this.#terms = terms;
    this.#context = context;
    this.#answerDelay = AnswerDelay.of(rpc.method, head);
    const { parse, serialize } = binary ? rpc.codecs.binary : rpc.codecs.json;
    const { streamLimits, options, layers } = rpc;
    this.source = new MessageDecoder(
      {
        parse: meteredParse(parse, streamLimits),
        aliases: rpc.aliasesInput,
        endFlag: protocol.endFlag,
        compression: terms.request,
        readMaxBytes: options.readMaxBytes,
        bounds: layers.queues.receive,
        onMessage: observation?.hooks?.received,
      },
      this,
    );
    this.sink = new MessageEncoder(
      {
        serialize: meteredSerialize(serialize, streamLimits),
        compression: terms.response,
        compressMinBytes: options.compressMinBytes,
        onSent: observation?.hooks?.sent,
      },
      this,
    );
    this.call = new Call(this, {
      context,
      layers,
      onError: rpc.onError,
      deadlineMs: terms.timeoutMs,
      observation,
      clock: rpc.clock,
    });
    const { bodyCoding } = protocol;
    this.#body = bodyCoding?.createDecoder();
    this.sink.writer.attach(bodyCoding ? encodedTarget(wire, bodyCoding) : wire);
  }

  /**
   * Runs the handler, or answers a request that cannot be served, as `refusal` says or its head. Once the
   * wire has its events.
   */
  start(refusal: ConnectError | undefined = this.#terms.error): void {
    const { fault } = this.#context;
    const error = fault
      ? toClientError(fault.thrown, this.#context, undefined, this.#rpc.onError)
      : refusal;
    this.call.start(error);
  }

  get sent(): Omit<Traffic, "dropped"> {
    const { messages, bytes } = this.sink;
    return { messages, bytes };
  }

  get received(): Traffic {
    return this.#received ?? this.source.received;
  }

  get unread(): QueueFill {
    return this.source.unread;
  }

  get taken(): number {
    return this.source.messages;
  }

  get unsent(): number {
    return this.sink.writer.bytes + this.#wire.buffered;
  }

  sendHeaders(): ConnectError | undefined {
    const { header, protocolHeader } = this.#context;
    const error = header === protocolHeader ? undefined : this.#unsendableHeader(header);
    this.#wire.respond(200, withFields(error ? protocolHeader : header, this.#extraHeader));
    return error;
  }

  stopReceiving(): void {
    this.#received ??= this.source.received;
    this.source.stop();
  }

  whenAnswerable(answer: () => void): void {
    if (this.#answerDelay) this.#answerDelay.wait(answer);
    else answer();
  }

  end(error: ConnectError | undefined, abrupt: boolean): ConnectError | undefined {
    const { told, envelope, trailer } = this.#endOfResponse(error);
    if (envelope) this.sink.writer.write(envelope);
    this.sink.writer.flush();
    this.#wire.end(trailer, abrupt);
    return told;
  }

  reset(): void {
    this.#wire.reset();
  }

  drain(reason: ConnectError): void {
    this.#context.drain(reason);
  }

  release(): void {
    this.#wire.release?.();
  }

  close(): void {
    this.#answerDelay?.stop();
    this.queue?.remove(this);
  }

  onData(chunk: Uint8Array): void {
    const body = this.#body;
    if (body) this.#decode(() => this.source.push(body.push(chunk)));
    else this.source.push(chunk);
  }

  onEnd(): void {
    this.#decode(() => this.#body?.end());
    this.source.end();
    this.#answerDelay?.requestEnded();
  }

  onDrain(): void {
    this.sink.writer.drained();
    this.call.drained();
  }

  onFail(error: ConnectError, by: EndedBy): void {
    this.call.clientLeft(error, by);
  }

  onReady(): void {
    this.call.ready();
  }

  /** Only responses end with an envelope. */
  onConsumed(end: Uint8Array | undefined): void {
    if (end) this.call.abort(unexpectedEnd());
    else this.call.requestEnded();
  }

  onInvalid(error: ConnectError): void {
    this.call.refuse(toRequestError(error));
  }

  onPause(paused: boolean): void {
    if (paused) this.#wire.pause();
    else this.#wire.resume();
  }

  onUnsendable(error: ConnectError, accepted: boolean): void {
    this.call.unsendable(error, accepted);
  }

  onFinish(): void {
    this.call.finished();
  }

  #unsendableHeader(header: Fields): ConnectError | undefined {
    const invalid = this.#context.invalidHeader;
    if (invalid !== undefined) return unsendable(`the response header "${invalid}"`);
    return tooLarge("the response headers", header, this.#wire.maxHeaderBytes);
  }

  /** Refuses a body that is not in its coding: what still comes of it is let through. */
  #decode(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.call.refuse(ConnectError.from(error));
    }
  }

  /** An error that cannot be written down (a lone surrogate, a broken detail) is `internal`. */
  #endOfResponse(
    error: ConnectError | undefined,
  ): ReturnType<EnvelopeServerProtocol["end"]> & { readonly told: ConnectError | undefined } {
    const { jsonOptions } = this.#rpc.options;
    try {
      const end = this.#protocol.end(this.#context.trailer, error, jsonOptions);
      checkTrailer(end.trailer ?? this.#context.trailer);
      const { trailer } = end;
      return trailer
        ? { ...end, trailer: this.#fit(trailer), told: error }
        : { ...end, told: error };
    } catch (fault) {
      report(fault, this.#context, this.#rpc.onError);
      const told = new ConnectError("cannot encode the status", Code.Internal);
      return { ...this.#protocol.end(undefined, told, jsonOptions), told };
    }
  }

  /** Trailers that the client takes: all that fits, and the code at least. */
  #fit(trailer: Fields): Fields {
    if (Object.isFrozen(trailer)) return trailer;
    const { maxHeaderBytes } = this.#wire;
    const fault = tooLarge("the trailers", trailer, maxHeaderBytes);
    if (!fault) return trailer;
    report(fault, this.#context, this.#rpc.onError);
    return fitStatus(trailer, maxHeaderBytes);
  }
}

function checkTrailer(trailer: Fields | undefined): void {
  const invalid = trailer && findInvalidHeader(trailer);
  if (invalid !== undefined) throw unsendable(`the trailer "${invalid}"`);
}

function unexpectedEnd(): ConnectError {
  return new ConnectError("protocol error: unexpected end flag", Code.InvalidArgument);
}
