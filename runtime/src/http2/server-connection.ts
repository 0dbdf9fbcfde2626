// SPDX-License-Identifier: Apache-2.0
import { Http2Connection } from "./connection.js";
import type { ServerConnectionEvents } from "./connection-events.js";
import { Deadline } from "./deadlines.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import { CLIENT_PREFACE, MAX_STREAM_ID } from "./frames/frame-types.js";
import type { HeaderList } from "./header-list.js";
import { contentLength, requestFlaw, trailersFlaw } from "./header-rules.js";
import type { Http2Host } from "./host.js";
import { GOAWAY_TIMEOUT_MS } from "./limits.js";
import type { Http2Options } from "./options.js";
import { SettingId } from "./settings.js";
import { Http2Stream } from "./stream.js";

const { PROTOCOL_ERROR, STREAM_CLOSED, REFUSED_STREAM, NO_ERROR, ENHANCE_YOUR_CALM } = ErrorCode;

/** The server's side of a connection. */
export class ServerConnection extends Http2Connection {
  override readonly isServer = true;
  declare readonly events: ServerConnectionEvents;
  protected override lastStreamId = 0;
  /** The last stream of the client, taken on or not. */
  #seen = 0;
  /** Octets of the client's preface that have come. */
  #prefaceBytes = 0;
  /** Streams that were skipped last: they are idle no more, but never were open. */
  #skippedFrom = 0;
  #skippedTo = 0;
  #shutdownDebug: string | undefined;
  /** Whether the client knows which stream is the last. */
  #final = false;

  constructor(host: Http2Host, events: ServerConnectionEvents, options: Http2Options = {}) {
    super(host, events, options);
    this.settings.send([[SettingId.MAX_CONCURRENT_STREAMS, this.options.maxConcurrentStreams]]);
    this.schedule();
  }

  /**
   * Goes away gracefully. The client is told first, and which streams are the last when it has
   * answered a ping: what it sent until then is served.
   */
  override shutdown(debug = ""): void {
    if (this.closed || this.#final || this.#shutdownDebug !== undefined) return;
    this.#shutdownDebug = debug;
    this.draining = true;
    this.sendGoaway(MAX_STREAM_ID, NO_ERROR, debug);
    this.ping(() => this.onGoawayDeadline());
    this.deadlines.set(Deadline.GOAWAY, GOAWAY_TIMEOUT_MS);
  }

  /** Whether a request may still come that is taken on: until the client knows which one is the last. */
  get takesRequests(): boolean {
    return !this.closed && !this.#final;
  }

  override isIdle(streamId: number): boolean {
    return streamId > this.#seen || streamId % 2 === 0;
  }

  override onHeaderList(streamId: number, list: HeaderList | undefined, endStream: boolean): void {
    const stream = this.streams.open.get(streamId);
    if (stream) return this.#onTrailers(stream, list, endStream);
    if (this.streams.wasReset(streamId)) return;
    this.#checkNew(streamId);
    if (this.#final) return this.streams.ignore(streamId);
    this.lastStreamId = streamId;
    if (this.streams.slots >= this.options.maxConcurrentStreams) return this.#refuse(streamId);
    if (list === undefined) return this.#refuseTooLarge(streamId);
    const length = contentLength(list);
    const flaw = requestFlaw(list) ?? contentFlaw(length, endStream);
    if (flaw) return this.streams.reject(streamId, PROTOCOL_ERROR, `malformed request: ${flaw}`);
    const opened = this.#openStream(streamId);
    opened.contentLeft = length ?? -1;
    this.events.onRequest(opened, list, endStream);
    if (endStream) this.streams.remoteEnd(opened, undefined);
  }

  /** When the client goes away, it must know which of its requests have come before we close. */
  protected override announce(): void {
    if (this.isLeaving && this.streams.open.size === 0) this.onGoawayDeadline();
  }

  protected override onGoawayDeadline(): void {
    if (this.#final || this.closed) return;
    this.deadlines.clear(Deadline.GOAWAY);
    this.#final = true;
    this.isLeaving = true;
    this.sendGoaway(this.lastStreamId, NO_ERROR, this.#shutdownDebug ?? "");
    this.events.onLastStream?.();
  }

  protected override readPreface(chunk: Uint8Array): number {
    let at = 0;
    while (this.#prefaceBytes < CLIENT_PREFACE.length && at < chunk.length) {
      if (chunk[at++] !== CLIENT_PREFACE[this.#prefaceBytes++]) {
        throw new ConnectionError(PROTOCOL_ERROR, "no HTTP/2 preface");
      }
    }
    return at;
  }

  #checkNew(streamId: number): void {
    if (streamId % 2 === 0) {
      throw new ConnectionError(PROTOCOL_ERROR, `a request on stream ${streamId}, which is even`);
    }
    if (streamId > this.#seen) {
      if (streamId > this.#seen + 2) {
        this.#skippedFrom = this.#seen + 1;
        this.#skippedTo = streamId;
      }
      this.#seen = streamId;
      return;
    }
    const skipped = streamId >= this.#skippedFrom && streamId < this.#skippedTo;
    throw new ConnectionError(
      skipped ? PROTOCOL_ERROR : STREAM_CLOSED,
      `a request on stream ${streamId} again, or late`,
    );
  }

  #openStream(streamId: number): Http2Stream {
    const { streams, peer, inbound } = this;
    const stream = new Http2Stream(streams, streamId, peer.initialWindowSize, inbound.streamCredit);
    stream.known = true;
    stream.gotHeaders = true;
    streams.add(stream);
    return stream;
  }

  #onTrailers(stream: Http2Stream, list: HeaderList | undefined, endStream: boolean): void {
    const { streams } = this;
    if (stream.remoteEnded) return streams.fail(stream, STREAM_CLOSED, "HEADERS after the end");
    if (list === undefined) {
      return streams.fail(stream, ENHANCE_YOUR_CALM, "trailers too large", "maxHeaderListBytes");
    }
    const flaw = endStream ? trailersFlaw(list) : "trailers that do not end the stream";
    if (flaw) streams.fail(stream, PROTOCOL_ERROR, `malformed trailers: ${flaw}`);
    else streams.remoteEnd(stream, list);
  }

  #refuse(streamId: number): void {
    this.outbound.control.reset(streamId, REFUSED_STREAM);
    this.streams.ignore(streamId);
    this.guard.refusal();
  }

  /** RPC clients take the code for `resource_exhausted`; an HTTP status of 431 would be `unknown`. */
  #refuseTooLarge(streamId: number): void {
    const message = `request headers larger than ${this.options.maxHeaderListBytes} bytes`;
    this.events.onViolation({ scope: "stream", streamId, code: ENHANCE_YOUR_CALM, message });
    this.outbound.control.reset(streamId, ENHANCE_YOUR_CALM);
    this.streams.ignore(streamId);
    this.guard.largeList();
  }
}

function contentFlaw(length: number | undefined, endStream: boolean): string | undefined {
  if (length === undefined) return "an invalid content-length";
  return endStream && length > 0 ? "less content than content-length says" : undefined;
}
