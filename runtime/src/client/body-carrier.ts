// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy, Traffic } from "../api/outcome.js";
import type { QueueFill } from "../options/queues.js";
import { BodyDecoder } from "../protocol/body-decoder.js";
import { compress } from "../protocol/compression.js";
import type { Compression } from "../protocol/connect-internals.js";
import {
  getHeader,
  getPath,
  splitTrailers,
  UNARY_ENCODING,
  type UnaryHead,
  unaryError,
  validateUnaryHead,
} from "../protocol/connect-unary-client.js";
import type { Fields, IncomingFields } from "../protocol/fields.js";
import type { ClientWire, ClientWireEvents } from "../protocol/wire.js";
import { Call, type Carrier } from "./call.js";
import type { CallInit } from "./client-call.js";
import { invalidHeaderError } from "./not-sent-error.js";
import { noResponse, withUrl } from "./transport-error.js";
import type { OpeningWire, OutgoingRequest, WireMethod, WireRequest } from "./wire-method.js";

/** The request message, ready to travel. */
interface RequestBody {
  readonly data: Uint8Array;
  readonly compression: Compression | null;
}

const nothing: Traffic & QueueFill = { messages: 0, bytes: 0, dropped: 0 };

const empty: RequestBody = { data: new Uint8Array(), compression: null };

/**
 * Carries a unary call of the Connect protocol: one whole body each way, without envelopes. The
 * request begins when its message is there, for its headers depend on it.
 * https://connectrpc.com/docs/protocol#unary-rpcs
 */
export class BodyCarrier implements Carrier<RequestBody>, ClientWireEvents {
  readonly call: Call<RequestBody>;
  readonly #method: WireMethod;
  readonly #request: WireRequest;
  readonly #init: CallInit;
  #outgoing: RequestBody = empty;
  #wire: ClientWire | undefined;
  #opening: OpeningWire | undefined;
  #decoder: BodyDecoder<object> | undefined;
  #isError = false;
  #ended = false;
  sent: Omit<Traffic, "dropped"> = { messages: 0, bytes: 0 };
  /** Bytes of the message that was encoded last, before compression. */
  size = 0;

  constructor(method: WireMethod, request: WireRequest, init: CallInit) {
    this.#method = method;
    this.#request = request;
    this.#init = init;
    this.call = new Call(method.rpc, this, init);
    this.call.startDeadline(request.timeoutMs);
    if (this.call.ended) return;
    const fault = invalidHeaderError(request.header);
    if (fault) this.call.fail(fault);
    else this.call.drained();
  }

  get received(): Traffic {
    // The body of an error is no message.
    return this.#isError ? nothing : (this.#decoder?.received ?? nothing);
  }

  get unread(): QueueFill {
    return this.#decoder?.unread ?? nothing;
  }

  get taken(): number {
    return this.#decoder?.messages ?? 0;
  }

  take(): object | undefined {
    return this.#decoder?.take();
  }

  encode(message: object): RequestBody | Promise<RequestBody> {
    const data = this.#method.serialize(message);
    this.size = data.byteLength;
    const { sendCompression: compression, compressMinBytes } = this.#method.options;
    if (!compression || data.byteLength < compressMinBytes) return { data, compression: null };
    const compressed = compress(data, compression);
    return compressed instanceof Uint8Array
      ? { data: compressed, compression }
      : compressed.then((whole) => ({ data: whole, compression }));
  }

  write(body: RequestBody): boolean {
    this.#outgoing = body;
    this.sent = { messages: 1, bytes: body.data.byteLength };
    this.#init.observation?.hooks?.sent?.(body.data.byteLength);
    return true;
  }

  endSend(): void {
    this.#opening = this.#method.options.openWire(this.#outgoingRequest(), this);
  }

  cancel(): void {
    this.#decoder?.stop();
    (this.#wire ?? this.#opening)?.cancel();
  }

  onOpen(wire: ClientWire): void {
    if (this.call.ended) return wire.cancel();
    this.#wire = wire;
    const { data } = this.#outgoing;
    if (data.byteLength > 0 && this.#method.method === "POST") wire.write([data]);
    wire.end();
  }

  onHeader(status: number, all: IncomingFields): void {
    if (this.call.ended) return;
    const { header, trailer } = splitTrailers(all);
    let head: UnaryHead;
    try {
      head = validateUnaryHead(status, all, this.#method.format);
    } catch (thrown) {
      this.#fail(ConnectError.from(thrown, Code.Internal));
      this.#wire?.cancel();
      return;
    }
    this.#isError = head.error !== undefined;
    if (!this.#isError) this.call.gotHeader(header);
    this.#decoder = this.#createDecoder(head, all, trailer);
    this.#decoder.announce(Number(all.get("content-length") ?? 0));
  }

  onData(chunk: Uint8Array): void {
    this.#decoder?.push(chunk);
  }

  onDrain(): void {
    // The one message is written whole.
  }

  onEnd(): void {
    this.#ended = true;
    if (this.#decoder) this.#decoder.end();
    else if (!this.call.ended) this.#conclude("server", noResponse());
  }

  onFail(error: ConnectError, by: EndedBy): void {
    // A whole response that is being decompressed is not lost with its connection.
    if (this.call.ended || this.#ended) return;
    if (error.code === Code.Canceled && this.call.expiredAtCancel()) return;
    this.#conclude(by, error);
  }

  #createDecoder(
    { error, compression }: UnaryHead,
    all: IncomingFields,
    trailer: IncomingFields,
  ): BodyDecoder<object> {
    const { parse, references, options } = this.#method;
    const parseError = (data: Uint8Array): never => {
      throw error && unaryError(data, all, error);
    };
    const decoder: BodyDecoder<object> = new BodyDecoder(
      {
        parse: error ? parseError : parse,
        aliases: references,
        compression,
        readMaxBytes: options.readMaxBytes,
        onMessage: error ? undefined : this.#init.observation?.hooks?.received,
      },
      {
        onReady: () => (error ? decoder.take() : this.call.ready()),
        onConsumed: () => {
          this.call.settle("server", trailer);
          this.call.finished();
        },
        onInvalid: (fault) => (error ? this.#fail(fault) : this.call.broken(fault)),
      },
    );
    return decoder;
  }

  #fail(error: ConnectError): void {
    this.#conclude("server", withUrl(error, this.#method.url, this.#method.rpc));
  }

  #conclude(by: EndedBy, error: ConnectError): void {
    this.call.settle(by, undefined, error);
    this.call.finished();
  }

  #outgoingRequest(): OutgoingRequest {
    const { method, url, path, format } = this.#method;
    const { header, timeout } = this.#request;
    const { data, compression } = this.#outgoing;
    if (method === "GET") {
      const query = getPath(path, data, format.binary, compression);
      const prepared = header === this.#method.header ? this.#method.bodyless : getHeader(header);
      return { method, url, path: query, header: prepared, timeout };
    }
    return { method, url, path, header: withEncoding(header, compression), timeout };
  }
}

function withEncoding(header: Fields, compression: Compression | null): Fields {
  if (!compression) return header;
  const others = [...header].filter(([name]) => name !== UNARY_ENCODING);
  return [...others, [UNARY_ENCODING, compression.name]];
}
