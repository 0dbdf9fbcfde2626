// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type Compression, compressionNegotiate } from "@connectrpc/connect/protocol";
import type { RecvOptions, SendOptions } from "../options.js";
import { MessageDecoder } from "../protocol/message-decoder.js";
import { MessageEncoder } from "../protocol/message-encoder.js";
import { toMessage } from "../protocol/normalize.js";
import type { ServerProtocol } from "../protocol/protocol.js";
import type { Fields, ServerWire, WireEvents } from "../protocol/wire.js";
import { Inbound } from "../stream/inbound.js";
import { Outbound } from "../stream/outbound.js";
import { startTimer } from "../stream/settle.js";
import { CallContext, type RequestHead } from "./context.js";
import { answerFor } from "./failure.js";
import type { ServedRpc } from "./options.js";
import type { ServerSide } from "./side.js";

/** What a request asked for, and what its protocol said to it. */
interface Terms {
  readonly timeoutMs: number | undefined;
  readonly request: Compression | null;
  readonly response: Compression | null;
  /** Why the call cannot be served as asked. */
  readonly error: ConnectError | undefined;
}

/** A call on the wire: bytes to messages for the handler, and back. */
export class WireCall implements ServerSide, WireEvents {
  readonly context: CallContext;
  readonly #rpc: ServedRpc;
  readonly #protocol: ServerProtocol;
  readonly #wire: ServerWire;
  readonly #decoder: MessageDecoder<object>;
  readonly #encoder: MessageEncoder<object>;
  readonly #inbound: Inbound<object>;
  readonly #outbound: Outbound<object>;
  readonly #onClose: (call: WireCall) => void;
  #stopTimer: (() => void) | undefined;
  #headersSent = false;
  #ended = false;
  #aborted: ConnectError | undefined;

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
    this.#onClose = onClose;
    this.context = new CallContext(
      rpc.method,
      protocol.name,
      head,
      terms.timeoutMs,
      responseHeader(protocol, binary, terms.response),
    );
    this.#decoder = this.#createDecoder(binary, terms.request);
    this.#encoder = this.#createEncoder(binary, terms.response);
    this.#inbound = new Inbound(this.#decoder);
    this.#outbound = new Outbound(this.#encoder, true);
    this.#encoder.writer.attach(wire);
    this.#start(terms);
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
    this.#wire.respond(200, this.context.header);
  }

  onData(chunk: Uint8Array): void {
    this.#decoder.push(chunk);
  }

  onEnd(): void {
    this.#decoder.end();
  }

  onDrain(): void {
    this.#outbound.drained();
  }

  onFail(error: ConnectError): void {
    if (!this.#close(error)) return;
    this.#outbound.close(error);
    this.context.abort(error);
  }

  /** Ends the call now, whatever the handler does: past its deadline, or at a forced shutdown. */
  abort(error: ConnectError): void {
    if (!this.#close(error)) return;
    this.#outbound.close(error);
    this.context.abort(error);
    this.#finish(error, true);
  }

  #start({ timeoutMs, error }: Terms): void {
    if (error) return this.#end(error);
    if (timeoutMs !== undefined) {
      this.#stopTimer = startTimer(timeoutMs, () =>
        this.abort(new ConnectError("the operation timed out", Code.DeadlineExceeded)),
      );
    }
    this.#rpc.run(this).then(
      () => this.#end(undefined),
      (thrown: unknown) =>
        this.#end(answerFor(thrown, this.context, this.#aborted, this.#rpc.onError)),
    );
  }

  /** The handler is done: what it sent goes out, then the end. */
  #end(error: ConnectError | undefined): void {
    const ended = new ConnectError("the handler has returned", Code.Canceled);
    if (!this.#close(error ?? ended)) return;
    this.#outbound.flush(ended, () => this.#finish(error, false));
  }

  #finish(error: ConnectError | undefined, abrupt: boolean): void {
    this.sendHeaders();
    const { envelope, trailer } = this.#endOfResponse(error);
    if (envelope) this.#encoder.writer.write(envelope);
    this.#encoder.writer.flush();
    this.#wire.end(trailer, abrupt);
  }

  /** An error that cannot be written down (a lone surrogate, a broken detail) is `internal`. */
  #endOfResponse(error: ConnectError | undefined): ReturnType<ServerProtocol["end"]> {
    const { jsonOptions } = this.#rpc.options;
    try {
      return this.#protocol.end(this.context.trailer, error, jsonOptions);
    } catch (fault) {
      this.#rpc.onError(fault, this.context);
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
    this.#decoder.stop();
    this.#inbound.finish(reason);
    this.#onClose(this);
    return true;
  }

  #createDecoder(binary: boolean, compression: Compression | null): MessageDecoder<object> {
    const { serialization, copiesInput, options } = this.#rpc;
    const codec = serialization.getI(binary);
    return new MessageDecoder<object>(
      {
        parse: (data) => parseRequest(codec.parse, copiesInput ? data.slice() : data),
        endFlag: this.#protocol.endFlag,
        compression,
        readMaxBytes: options.readMaxBytes,
      },
      {
        onReady: () => this.#inbound.ready(),
        onFinished: () => this.#inbound.finish(),
        onError: (error) => this.abort(error),
        onPause: (paused) => (paused ? this.#wire.pause() : this.#wire.resume()),
      },
    );
  }

  #createEncoder(binary: boolean, compression: Compression | null): MessageEncoder<object> {
    const { serialization, method, options } = this.#rpc;
    const codec = serialization.getO(binary);
    return new MessageEncoder<object>({
      serialize: (message) => {
        try {
          return codec.serialize(toMessage(method.output, message));
        } catch (thrown) {
          const error = ConnectError.from(thrown, Code.Internal);
          if (error.code === Code.ResourceExhausted) this.abort(error);
          throw error;
        }
      },
      compression,
      compressMinBytes: options.compressMinBytes,
    });
  }
}

function negotiate(rpc: ServedRpc, protocol: ServerProtocol, head: RequestHead): Terms {
  const { acceptCompression, maxTimeoutMs, requireConnectProtocolHeader } = rpc.options;
  const field = (name: string) => head.get(name.toLowerCase()) ?? null;
  const timeout = protocol.parseTimeout(field(protocol.timeout), maxTimeoutMs);
  const { request, response, error } = compressionNegotiate(
    acceptCompression,
    field(protocol.encoding),
    field(protocol.acceptEncoding),
    protocol.acceptEncoding,
  );
  const version = requireConnectProtocolHeader
    ? attempt(() => protocol.requireVersion(head.header))
    : undefined;
  return {
    timeoutMs: timeout.timeoutMs,
    request,
    response,
    error: version ?? error ?? timeout.error,
  };
}

function attempt(check: () => void): ConnectError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}

function responseHeader(
  protocol: ServerProtocol,
  binary: boolean,
  compression: Compression | null,
): Fields {
  const contentType = ["content-type", protocol.contentType(binary)] as const;
  return compression
    ? [contentType, [protocol.encoding.toLowerCase(), compression.name] as const]
    : [contentType];
}

/** Connect calls what it cannot parse `internal`; from a client it is an invalid argument. */
function parseRequest(parse: (data: Uint8Array) => object, data: Uint8Array): object {
  try {
    return parse(data);
  } catch (thrown) {
    const error = ConnectError.from(thrown, Code.InvalidArgument);
    if (error.code !== Code.Internal) throw error;
    throw new ConnectError(error.rawMessage, Code.InvalidArgument, undefined, undefined, thrown);
  }
}
