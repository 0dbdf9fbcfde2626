// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy, Traffic } from "../api/outcome.js";
import type { MessageSink } from "../call/sender.js";
import { Queued } from "../linked-queue.js";
import type { QueueFill } from "../options/queues.js";
import { BodyDecoder, type BodyEvents } from "../protocol/body-decoder.js";
import { compress } from "../protocol/compression.js";
import type { Field } from "../protocol/fields.js";
import type { BodyServerProtocol, QueryRequest } from "../protocol/protocol.js";
import { meteredParse, meteredSerialize } from "../protocol/stream-size.js";
import type { ServerWire, ServerWireEvents } from "../protocol/wire.js";
import { AnswerDelay } from "./answer-delay.js";
import { type Body, BodyAnswer } from "./body-answer.js";
import { Call } from "./call.js";
import type { TrackedCall } from "./call-tracker.js";
import type { Carrier } from "./carrier.js";
import { toClientError } from "./client-error.js";
import { toRequestError } from "./codecs.js";
import { CallContext, type RequestHead } from "./context.js";
import { type HeaderFields, withFields } from "./extra-header.js";
import { negotiate, responseHeader, type Terms } from "./negotiation.js";
import { ServerObservation } from "./observe.js";
import type { ServedRpc } from "./pipeline.js";

/** Carries a unary call whose request and response are one body each. Headers leave with the response. */
export class BodyCarrier
  extends Queued<TrackedCall>
  implements Carrier, TrackedCall, ServerWireEvents, BodyEvents, MessageSink<object, Body>
{
  readonly call: Call;
  readonly source: BodyDecoder<object>;
  readonly #rpc: ServedRpc;
  readonly #protocol: BodyServerProtocol;
  readonly #wire: ServerWire;
  readonly #context: CallContext;
  readonly #terms: Terms;
  readonly #extraHeader: HeaderFields | undefined;
  readonly #query: QueryRequest | undefined;
  readonly #answerDelay: AnswerDelay | undefined;
  readonly #serialize: (message: object) => Uint8Array;
  readonly #onSent: ((bytes: number) => void) | undefined;
  #body: Body | undefined;
  #received: Traffic | undefined;
  size = 0;

  constructor(
    rpc: ServedRpc,
    protocol: BodyServerProtocol,
    binary: boolean,
    head: RequestHead,
    wire: ServerWire,
    extraHeader: HeaderFields | undefined,
    query: QueryRequest | undefined,
  ) {
    super();
    const terms = negotiate(rpc, protocol, head, query?.compression);
    const context = new CallContext(
      rpc.method,
      protocol.name,
      head,
      terms.timeoutMs,
      responseHeader(protocol, binary, null),
      rpc.clock,
    );
    const observation = ServerObservation.open(rpc.observer, context, head);
    const length = head.get("content-length");
    this.#rpc = rpc;
    this.#protocol = protocol;
    this.#wire = wire;
    this.#terms = terms;
    this.#context = context;
    this.#extraHeader = extraHeader;
    this.#query = query;
    this.#answerDelay = AnswerDelay.of(rpc.method, head);
    this.#onSent = observation?.hooks?.sent;
    const { parse, serialize } = binary ? rpc.codecs.binary : rpc.codecs.json;
    const { streamLimits } = rpc;
    this.#serialize = meteredSerialize(serialize, streamLimits);
    this.source = new BodyDecoder<object>(
      {
        parse: meteredParse(parse, streamLimits),
        aliases: rpc.aliasesInput,
        compression: terms.request,
        readMaxBytes: rpc.options.readMaxBytes,
        onMessage: observation?.hooks?.received,
      },
      this,
    );
    this.call = new Call(this, {
      context,
      layers: rpc.layers,
      onError: rpc.onError,
      deadlineMs: terms.timeoutMs,
      observation,
      clock: rpc.clock,
    });
    if (length !== undefined) this.source.announce(Number(length));
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
    if (this.#query && !error) this.#takeQuery(this.#query);
  }

  get sink(): MessageSink<object, Body> {
    return this;
  }

  get sent(): Omit<Traffic, "dropped"> {
    return { messages: this.#body ? 1 : 0, bytes: this.#body?.data.byteLength ?? 0 };
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
    return this.#wire.buffered;
  }

  encode(message: object): Body | Promise<Body> {
    const data = this.#serialized(message);
    this.size = data.byteLength;
    const { response: compression } = this.#terms;
    if (!compression || data.byteLength < this.#rpc.options.compressMinBytes) {
      return { data, compression: undefined };
    }
    const compressed = compress(data, compression);
    return compressed instanceof Uint8Array
      ? { data: compressed, compression }
      : compressed.then(
          (whole) => ({ data: whole, compression }),
          (thrown: unknown) => {
            throw this.#unsendable(thrown, true);
          },
        );
  }

  write(body: Body): boolean {
    this.#body = body;
    this.#onSent?.(body.data.byteLength);
    return true;
  }

  sendHeaders(): undefined {
    return undefined;
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
    const answer = new BodyAnswer(this.#rpc, this.#protocol, this.#context, this.#wire);
    const { told, status, header, body } = answer.of(this.#body, error);
    const length: Field = ["content-length", String(body.byteLength)];
    this.#wire.respond(status, withFields([...header, length], this.#extraHeader));
    if (body.byteLength > 0) this.#wire.write([body]);
    this.#wire.end(undefined, abrupt);
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
    if (!this.#query) this.source.push(chunk);
  }

  onEnd(): void {
    if (!this.#query) this.source.end();
    this.#answerDelay?.requestEnded();
  }

  onDrain(): void {
    // The one body is written whole.
  }

  onFail(error: ConnectError, by: EndedBy): void {
    this.call.clientLeft(error, by);
  }

  onFinish(): void {
    this.call.finished();
  }

  onReady(): void {
    this.call.ready();
  }

  onConsumed(): void {
    this.call.requestEnded();
  }

  onInvalid(error: ConnectError): void {
    this.call.refuse(toRequestError(error));
  }

  #serialized(message: object): Uint8Array {
    try {
      return this.#serialize(message);
    } catch (thrown) {
      throw this.#unsendable(thrown, false);
    }
  }

  #unsendable(thrown: unknown, accepted: boolean): ConnectError {
    const error = ConnectError.from(thrown, Code.Internal);
    this.call.unsendable(error, accepted);
    return error;
  }

  #takeQuery(query: QueryRequest): void {
    try {
      this.source.push(query.message());
      this.source.end();
    } catch (error) {
      this.call.refuse(ConnectError.from(error, Code.InvalidArgument));
    }
  }
}
