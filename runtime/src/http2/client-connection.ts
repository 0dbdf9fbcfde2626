// SPDX-License-Identifier: Apache-2.0
import { Http2Connection } from "./connection.js";
import type { ConnectionEvents, Goaway } from "./connection-events.js";
import { ErrorCode, errorCodeName } from "./errors.js";
import { CLIENT_PREFACE, MAX_STREAM_ID } from "./frames/frame-types.js";
import type { HeaderList } from "./header-list.js";
import { contentLength, requestFlaw, responseFlaw, trailersFlaw } from "./header-rules.js";
import type { Http2Host } from "./host.js";
import { MAX_INTERIM_RESPONSES } from "./limits.js";
import type { Http2Options } from "./options.js";
import { SettingId } from "./settings.js";
import { Http2Stream } from "./stream.js";
import type { StreamEvents } from "./stream-events.js";

const { PROTOCOL_ERROR, STREAM_CLOSED, CANCEL } = ErrorCode;

/** The client's side of a connection. */
export class ClientConnection extends Http2Connection {
  override readonly isServer = false;
  /** Streams of the server: none, since push is not allowed. */
  protected override readonly lastStreamId = 0;
  #nextId = 1;
  /** What the GOAWAY says that is due; `undefined`: none is. */
  #goawayDebug: string | undefined;

  constructor(host: Http2Host, events: ConnectionEvents, options: Http2Options = {}) {
    super(host, events, { ...options, minPingIntervalMs: 0 });
    this.outbound.control.raw(CLIENT_PREFACE);
    this.settings.send([[SettingId.ENABLE_PUSH, 0]]);
    this.schedule();
  }

  /** Whether a request can be made now: neither side goes away, and the server has a free slot. */
  get canRequest(): boolean {
    return this.isOpen && this.streams.slots < this.peer.maxConcurrentStreams;
  }

  /** Whether requests can be made when there are slots. If not, it takes another connection. */
  get isOpen(): boolean {
    return !this.closed && !this.draining && this.#nextId <= MAX_STREAM_ID;
  }

  /** Streams that the server allows and that are not in use. Before its settings have come, any. */
  get freeSlots(): number {
    return this.isOpen ? Math.max(0, this.peer.maxConcurrentStreams - this.streams.slots) : 0;
  }

  /** Makes a request. Throws an `Error` if {@link canRequest} is false, or for malformed headers. */
  request(headers: HeaderList, events: StreamEvents): Http2Stream {
    if (!this.canRequest) throw new Error("the connection takes no more requests now");
    const flaw = requestFlaw(headers);
    if (flaw) throw new TypeError(`invalid headers: ${flaw}`);
    const { streams, peer, inbound } = this;
    const stream = new Http2Stream(
      streams,
      this.#nextId,
      peer.initialWindowSize,
      inbound.streamCredit,
    );
    this.#nextId += 2;
    stream.events = events;
    stream.released = true;
    stream.started = true;
    stream.headers = headers;
    streams.add(stream);
    streams.wake(stream);
    return stream;
  }

  /** Makes no more requests, and closes the connection once those that are open have ended. */
  override shutdown(debug = ""): void {
    if (this.closed || this.draining) return;
    this.draining = true;
    this.#goawayDebug = debug;
    this.announce();
  }

  override isIdle(streamId: number): boolean {
    return streamId >= this.#nextId || streamId % 2 === 0;
  }

  override onGoaway(goaway: Goaway): void {
    super.onGoaway(goaway);
    const { lastStreamId, code, debug } = goaway;
    const because = debug === "" ? errorCodeName(code) : `${errorCodeName(code)}: ${debug}`;
    this.streams.breakAll((stream) =>
      stream.known && stream.id <= lastStreamId
        ? undefined
        : { kind: "goaway", code, processed: false, message: `the server goes away (${because})` },
    );
  }

  override onHeaderList(streamId: number, list: HeaderList | undefined, endStream: boolean): void {
    const { streams } = this;
    const stream = streams.find(streamId);
    if (!stream) {
      if (streams.wasReset(streamId)) return;
      return streams.reject(streamId, STREAM_CLOSED, "HEADERS on a closed stream");
    }
    if (stream.remoteEnded) return streams.fail(stream, STREAM_CLOSED, "HEADERS after the end");
    if (list === undefined) {
      const message = `response headers larger than ${this.options.maxHeaderListBytes} bytes`;
      return streams.fail(stream, CANCEL, message, "maxHeaderListBytes");
    }
    if (stream.gotHeaders) this.#onTrailers(stream, list, endStream);
    else this.#onResponse(stream, list, endStream);
  }

  /** A server that has nothing to do closes on GOAWAY, so that it goes behind all requests. */
  protected override announce(): void {
    const debug = this.#goawayDebug;
    if (debug === undefined || this.streams.hasUnsent) return;
    this.#goawayDebug = undefined;
    this.isLeaving = true;
    this.sendGoaway(0, ErrorCode.NO_ERROR, debug);
  }

  /** Clients have one step. */
  protected override onGoawayDeadline(): void {}

  protected override readPreface(): number {
    return 0;
  }

  #onResponse(stream: Http2Stream, list: HeaderList, endStream: boolean): void {
    const { streams } = this;
    const length = contentLength(list);
    const flaw =
      responseFlaw(list) ?? (length === undefined ? "an invalid content-length" : undefined);
    if (flaw) return streams.fail(stream, PROTOCOL_ERROR, `malformed response: ${flaw}`);
    if (list.status < 200) return this.#onInterim(stream, list, endStream);
    stream.gotHeaders = true;
    // With nothing behind it, the length is of what GET would have got: HEAD, or a status of 304.
    stream.contentLeft = endStream ? -1 : (length ?? -1);
    stream.events.onHeaders(list);
    if (endStream) streams.remoteEnd(stream, undefined);
  }

  #onInterim(stream: Http2Stream, list: HeaderList, endStream: boolean): void {
    const flaw = endStream
      ? "an interim response that ends the stream"
      : ++stream.interimCount > MAX_INTERIM_RESPONSES && "too many interim responses";
    if (flaw) this.streams.fail(stream, PROTOCOL_ERROR, `malformed response: ${flaw}`);
    else stream.events.onInterim(list);
  }

  #onTrailers(stream: Http2Stream, list: HeaderList, endStream: boolean): void {
    const flaw = endStream ? trailersFlaw(list) : "trailers that do not end the stream";
    if (flaw) this.streams.fail(stream, PROTOCOL_ERROR, `malformed trailers: ${flaw}`);
    else this.streams.remoteEnd(stream, list);
  }
}
