// SPDX-License-Identifier: Apache-2.0

import { Code, ConnectError } from "@connectrpc/connect";
import { isNotSent, notSentError } from "../../client/not-sent-error.js";
import type { OpeningWire, OpenWire, OutgoingRequest } from "../../client/wire-method.js";
import {
  ErrorCode,
  type HeaderList,
  type Http2Stream,
  noEvents,
  type StreamEvents,
  type StreamFailure,
} from "../../http2/index.js";
import { Queued } from "../../linked-queue.js";
import type { ClientWire, ClientWireEvents } from "../../protocol/wire.js";
import { ReceivedFields } from "../http2/header-lists.js";
import { allocate } from "../write-pieces.js";
import type { Connection } from "./connection.js";
import type { ConnectionPool, PooledCall } from "./connection-pool.js";
import { cannotBegin } from "./errors.js";
import { RequestHeaders } from "./request-headers.js";
import { failedBy, streamError } from "./stream-error.js";

/** What is kept of a request, so that it can be made again: what a stream buffers. */
const MAX_REPLAY_BYTES: number = 64 * 1024;

const nothing: readonly Uint8Array[] = [];

/** How often a call moves on from connections that were lost before anything of it was sent. */
const MAX_MOVES = 5;

/** Opens calls over HTTP/2, on the connections of `pool`. */
export function http2Opener(pool: ConnectionPool): OpenWire {
  const headers = new RequestHeaders(pool.target.url);
  return (request, events) => {
    const wire = new Http2ClientWire(pool, headers, request, events);
    pool.open(wire);
    return wire;
  };
}

/** A call over HTTP/2: a stream, and another one if the server has not processed the first. */
class Http2ClientWire
  extends Queued<PooledCall>
  implements ClientWire, OpeningWire, StreamEvents, PooledCall
{
  readonly #pool: ConnectionPool;
  readonly #request: OutgoingRequest;
  readonly #headers: RequestHeaders;
  readonly #events: ClientWireEvents;
  #connection: Connection | undefined;
  /** `undefined`: it waits for a connection. */
  #stream: Http2Stream | undefined;
  /** What has been written, for as long as it may have to be written again. */
  #written: readonly Uint8Array[] | undefined = nothing;
  #writtenBytes = 0;
  #moves = 0;
  #refused = false;
  #opened = false;
  #sendEnded = false;
  #paused = false;
  #answered = false;
  #done = false;

  constructor(
    pool: ConnectionPool,
    headers: RequestHeaders,
    request: OutgoingRequest,
    events: ClientWireEvents,
  ) {
    super();
    this.#pool = pool;
    this.#headers = headers;
    this.#request = request;
    this.#events = events;
  }

  readonly allocate: typeof allocate = allocate;

  write(pieces: readonly Uint8Array[]): boolean {
    this.#keep(pieces);
    const stream = this.#stream;
    return stream !== undefined && !stream.closed && writeTo(stream, pieces);
  }

  end(): void {
    this.#sendEnded = true;
    this.#stream?.end();
  }

  cancel(): void {
    this.#done = true;
    this.#written = undefined;
    if (this.#stream) this.#stream.reset(ErrorCode.CANCEL);
    else this.#pool.leave(this);
  }

  pause(): void {
    this.#paused = true;
    this.#stream?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream?.resume();
  }

  defer<T>(task: (of: T) => void, of: T): void {
    process.nextTick(task, of);
  }

  start(connection: Connection): void {
    try {
      const headers = this.#headers.of(this.#request);
      this.#checkSize(headers, connection);
      this.#connection = connection;
      this.#stream = connection.request(headers, this);
    } catch (thrown) {
      return this.fail(isNotSent(thrown) ? ConnectError.from(thrown) : cannotBegin(thrown));
    }
    if (this.#opened) return this.#replay(this.#stream);
    this.#opened = true;
    this.#events.onOpen(this);
  }

  fail(error: ConnectError): void {
    this.#done = true;
    this.#written = undefined;
    this.#events.onFail(error, isNotSent(error) ? "client" : "connection");
  }

  onHeaders(list: HeaderList): void {
    this.#answered = true;
    this.#written = undefined;
    this.#events.onHeader(list.status, new ReceivedFields(list));
  }

  onInterim(): void {
    // Says nothing to a call.
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    // A plain array: parsed messages must not hold Node's buffers.
    this.#events.onData(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start));
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.#done = true;
    this.#events.onEnd(trailers && new ReceivedFields(trailers));
    // The server is done: what has not been sent need not be.
    const stream = this.#stream;
    if (stream && !stream.closed && !(this.#sendEnded && stream.buffered === 0)) {
      stream.reset(ErrorCode.CANCEL);
    }
  }

  onFail(failure: StreamFailure): void {
    if (this.#done) return;
    const { known } = this.#stream as Http2Stream;
    this.#stream = undefined;
    if (!failure.processed && this.#mayMove(known)) return this.#pool.open(this);
    this.#done = true;
    this.#written = undefined;
    const error = streamError(failure, this.#pool.target, this.#connection);
    this.#events.onFail(error, failedBy(failure));
  }

  readonly onSent: StreamEvents["onSent"] = noEvents.onSent;

  onDrain(): void {
    this.#events.onDrain();
  }

  /** Once, if the server refused it; more often, if nothing of it was sent. */
  #mayMove(sent: boolean): boolean {
    if (this.#answered || this.#written === undefined) return false;
    if (!sent) return this.#moves++ < MAX_MOVES;
    const again = !this.#refused;
    this.#refused = true;
    return again;
  }

  #keep(pieces: readonly Uint8Array[]): void {
    if (this.#written === undefined) return;
    for (const { length } of pieces) this.#writtenBytes += length;
    if (this.#writtenBytes > MAX_REPLAY_BYTES && this.#stream) this.#written = undefined;
    else this.#written = this.#written.length === 0 ? pieces : [...this.#written, ...pieces];
  }

  #replay(stream: Http2Stream): void {
    if (this.#paused) stream.pause();
    const room = writeTo(stream, this.#written ?? []);
    if (this.#sendEnded) stream.end();
    else if (room) this.#events.onDrain();
  }

  #checkSize({ size }: HeaderList, { peerHeaderBytes }: Connection): void {
    const { maxRequestHeaderBytes, url } = this.#pool.target;
    const own = size > maxRequestHeaderBytes;
    if (!own && size <= peerHeaderBytes) return;
    const limit = own
      ? `this client sends at most ${maxRequestHeaderBytes}`
      : `${url.origin} accepts at most ${peerHeaderBytes}`;
    throw notSentError(`the request headers have ${size} bytes: ${limit}`, Code.ResourceExhausted);
  }
}

/** False: wait for `onDrain`. */
function writeTo(stream: Http2Stream, pieces: readonly Uint8Array[]): boolean {
  let room = true;
  for (const piece of pieces) room = stream.write(piece);
  return room;
}
