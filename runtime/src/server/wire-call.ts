// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../options.js";
import type { EndedBy, Traffic } from "../outcome.js";
import type { Envelope } from "../protocol/envelope-reader.js";
import { badField } from "../protocol/field-value.js";
import { MessageDecoder } from "../protocol/message-decoder.js";
import { MessageEncoder } from "../protocol/message-encoder.js";
import type { ServerProtocol } from "../protocol/protocol.js";
import type { ServerWire, WireEvents } from "../protocol/wire.js";
import type { QueueFills } from "../queues.js";
import { Inbound } from "../stream/inbound.js";
import { Outbound } from "../stream/outbound.js";
import type { Progress } from "../stream/progress.js";
import { startTimer } from "../stream/settle.js";
import { tapSink } from "../stream/tap.js";
import { CallContext, type RequestHead } from "./context.js";
import { answerFor, report, unsendable } from "./failure.js";
import { requestFormat, responseFormat } from "./formats.js";
import type { ServedRpc } from "./options.js";
import type { ServerSide } from "./side.js";
import { DeadlineSkew, timedOut } from "./skew.js";
import { negotiate, responseHeader, type Terms } from "./terms.js";
import { ServerWatch } from "./watch.js";

/** How long to read on for the end of a request that cannot be served, in milliseconds. */
const MAX_REFUSAL_DELAY_MS = 1000;

/** A call on the wire: bytes to messages for the handler, and back. */
export class WireCall implements ServerSide, WireEvents {
  readonly context: CallContext;
  readonly #rpc: ServedRpc;
  readonly #protocol: ServerProtocol;
  readonly #wire: ServerWire;
  readonly #terms: Terms;
  readonly #decoder: MessageDecoder<object>;
  readonly #encoder: MessageEncoder<object>;
  readonly #inbound: Inbound<object>;
  readonly #outbound: Outbound<object>;
  readonly #onClose: (call: WireCall) => void;
  readonly #watch: ServerWatch | undefined;
  /** Answers, where the answer waits for the end of the request. */
  #refusal: (() => void) | undefined;
  /** The request has said how long it is, and not come to its end. */
  #moreToCome: boolean;
  #stopTimer: (() => void) | undefined;
  #skew: DeadlineSkew | undefined;
  #headersSent = false;
  /** What came to light when the end was about to be sent. */
  #fault: ConnectError | undefined;
  #ended = false;
  #aborted: ConnectError | undefined;
  /** What had been received when the call took no more, if somebody wants to know. */
  #received: Traffic | undefined;

  /** `onClose` is called once, when the call needs nothing any more. */
  constructor(
    rpc: ServedRpc,
    protocol: ServerProtocol,
    binary: boolean,
    head: RequestHead,
    wire: ServerWire,
    onClose: (call: WireCall) => void,
  ) {
    const terms = negotiate(rpc, protocol, head);
    this.#rpc = rpc;
    this.#protocol = protocol;
    this.#wire = wire;
    this.#terms = terms;
    this.#onClose = onClose;
    this.#moreToCome = head.get("content-length") !== undefined;
    this.context = new CallContext(
      rpc.method,
      protocol.name,
      head,
      terms.timeoutMs,
      responseHeader(protocol, binary, terms.response),
    );
    this.#watch = ServerWatch.open(rpc.observer, this.context, head);
    const tap = this.#watch?.tap;
    this.#decoder = this.#createDecoder(binary);
    this.#encoder = new MessageEncoder(
      responseFormat(rpc, binary, terms.response, (error) => this.abort(error)),
    );
    this.#inbound = new Inbound(this.#decoder);
    const sink = tapSink(this.#encoder, tap, dataBytes);
    this.#outbound = new Outbound(sink, true, rpc.queues.send, tap?.waited);
    this.#encoder.writer.attach(wire);
  }

  /** Runs the handler, or answers a request that cannot be served. Once the wire tells this call. */
  start(): void {
    const { timeoutMs, error } = this.#terms;
    if (this.#ended) return;
    if (error) return this.refuse(error);
    if (timeoutMs !== undefined) {
      this.#skew = new DeadlineSkew(timeoutMs);
      this.#stopTimer = startTimer(timeoutMs, () => this.abort(timedOut(), "deadline"));
    }
    this.#run().then(
      () => this.#end(undefined),
      (thrown: unknown) =>
        this.#end(answerFor(thrown, this.context, this.#aborted, this.#rpc.onError)),
    );
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    return this.#inbound.recv(options);
  }

  send(message: object, options?: SendOptions): Promise<void> {
    this.sendHeaders();
    return this.#outbound.send(message, options);
  }

  sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    this.#watch?.header(this);
    const bad = this.context.badHeader;
    if (bad === undefined) this.#wire.respond(200, this.context.header);
    else this.#refuseToSend(`the response header "${bad}"`);
  }

  /** The handler's headers cannot be sent: those of the protocol can, and an error after them. */
  #refuseToSend(what: string): void {
    const error = unsendable(what);
    report(error, this.context, this.#rpc.onError);
    this.#wire.respond(200, this.context.protocolHeader);
    if (this.#ended) this.#fault = error;
    else this.abort(error);
  }

  writable(): boolean {
    const { writer } = this.#encoder;
    return this.#outbound.head === undefined && writer.empty && this.#wire.buffered === 0;
  }

  progress(): Progress {
    const { messages: sent } = this.#encoder;
    const { messages: taken, received } = this.#decoder;
    return { sent, received: received.messages, taken, waiting: this.#outbound.head };
  }

  queued(): QueueFills {
    return { send: this.#outbound.fill, receive: this.#decoder.unread };
  }

  onData(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  onEnd(): void {
    this.#moreToCome = false;
    this.#decoder.end();
    this.#refusal?.();
  }

  onDrain(): void {
    this.#encoder.writer.drained();
    this.#outbound.drained();
  }

  /** The client takes nothing more, until `onDrain`. */
  hold(): void {
    this.#outbound.hold();
  }

  onFail(error: ConnectError, by: EndedBy): void {
    const reason = this.#skew?.explain(error) ?? error;
    if (!this.#close(reason)) return;
    this.#outbound.close(reason);
    this.context.abort(reason);
    this.#tellEnd(reason === error ? by : "deadline", reason);
  }

  /** Ends the call now, whatever the handler does: past a limit of time, or at a forced shutdown. */
  abort(error: ConnectError, by: EndedBy = "server"): void {
    if (!this.#close(error)) return;
    this.#outbound.close(error);
    this.context.abort(error);
    this.#finish(error, true);
    this.#tellEnd(by, error);
  }

  /**
   * Ends the call because of what the client sent. A client that knows the length of its request is
   * let finish: it stops at an answer, and nghttp2 resets a stream that ends short of its
   * `content-length`, maybe before the client has read all of the answer.
   */
  refuse(error: ConnectError): void {
    if (this.#ended || this.#refusal) return;
    if (!this.#moreToCome) return this.abort(error);
    this.#stopReceiving();
    this.#refusal = () => this.abort(error);
    const stopDeadline = this.#stopTimer;
    const stopWaiting = startTimer(MAX_REFUSAL_DELAY_MS, this.#refusal);
    this.#stopTimer = () => {
      stopDeadline?.();
      stopWaiting();
    };
  }

  #run(): Promise<void> {
    return this.#watch ? this.#watch.run(() => this.#rpc.run(this)) : this.#rpc.run(this);
  }

  /** The handler is done: what it sent goes out, then the end. */
  #end(error: ConnectError | undefined): void {
    // A refusal that waits is the end, whatever the handler makes of it.
    if (this.#refusal) return;
    const ended = new ConnectError("the handler has returned", Code.Canceled);
    if (!this.#close(error ?? ended)) return;
    this.#outbound.flush(ended, () => {
      this.#finish(error, false);
      this.#tellEnd("server", this.#fault ?? error);
    });
  }

  #tellEnd(by: EndedBy, error: ConnectError | undefined): void {
    if (!this.#watch || !this.#received) return;
    const { messages, bytes } = this.#encoder;
    const { dropped } = this.#outbound.fill;
    this.#watch.end(by, error, { messages, bytes, dropped }, this.#received);
  }

  #finish(error: ConnectError | undefined, abrupt: boolean): void {
    this.sendHeaders();
    const { envelope, trailer } = this.#endOfResponse(this.#fault ?? error);
    if (envelope) this.#encoder.writer.write(envelope);
    this.#encoder.writer.flush();
    this.#wire.end(trailer, abrupt);
  }

  /** An error that cannot be written down (a lone surrogate, a broken detail) is `internal`. */
  #endOfResponse(error: ConnectError | undefined): ReturnType<ServerProtocol["end"]> {
    const { jsonOptions } = this.#rpc.options;
    try {
      const end = this.#protocol.end(this.context.trailer, error, jsonOptions);
      const bad = end.trailer && badField(end.trailer);
      if (bad !== undefined) throw unsendable(`the trailer "${bad}"`);
      return end;
    } catch (fault) {
      report(fault, this.context, this.#rpc.onError);
      const internal = new ConnectError("the status cannot be encoded", Code.Internal);
      return this.#protocol.end(undefined, internal, jsonOptions);
    }
  }

  /** True the first time. */
  #close(reason: ConnectError): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#aborted = reason;
    this.#stopTimer?.();
    this.#stopReceiving();
    this.#inbound.finish(reason);
    this.#onClose(this);
    return true;
  }

  #stopReceiving(): void {
    if (this.#watch) this.#received ??= this.#decoder.received;
    this.#decoder.stop();
  }

  #createDecoder(binary: boolean): MessageDecoder<object> {
    return new MessageDecoder<object>(
      {
        ...requestFormat(this.#rpc, binary, this.#terms.request),
        endFlag: this.#protocol.endFlag,
        onMessage: this.#watch?.tap?.received,
      },
      {
        onReady: () => this.#inbound.ready(),
        // Only responses end with an envelope.
        onFinished: (end) => (end ? this.abort(unexpectedEnd()) : this.#inbound.finish()),
        onError: (error) => this.refuse(error),
        onPause: (paused) => (paused ? this.#wire.pause() : this.#wire.resume()),
      },
    );
  }
}

function dataBytes({ data }: Envelope): number {
  return data.byteLength;
}

function unexpectedEnd(): ConnectError {
  return new ConnectError("protocol error: unexpected end flag", Code.InvalidArgument);
}
