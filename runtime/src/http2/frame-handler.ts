// SPDX-License-Identifier: Apache-2.0
import type { Http2Connection } from "./connection.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import type { FrameSink } from "./frames/frame-reader.js";
import { Flag, FrameType, readUint31, readUint32 } from "./frames/frame-types.js";
import { latin1 } from "./hpack/latin1.js";
import { FRAME_BYTES } from "./limits.js";
import type { Http2Stream } from "./stream.js";

const { PROTOCOL_ERROR, FRAME_SIZE_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED } = ErrorCode;

/** Lengths of frames that have one, by type; -1: any. */
const fixedLengths: readonly number[] = [-1, -1, 5, 4, -1, -1, 8, -1, 4, -1];

/** Frames of a connection, to what they mean. https://www.rfc-editor.org/rfc/rfc9113.html#section-6 */
export class FrameHandler implements FrameSink {
  readonly #connection: Http2Connection;
  #gotSettings = false;
  /** Of the DATA frame that is being read: its stream, if it is open, and whether it is the last. */
  #stream: Http2Stream | undefined;
  #last = false;
  #hasContent = false;
  /** Octets of it that are no content that has been passed on. */
  #rest = 0;

  constructor(connection: Http2Connection) {
    this.#connection = connection;
  }

  get stopped(): boolean {
    return this.#connection.closed;
  }

  onFrameHeader(type: number, flags: number, streamId: number, length: number): boolean {
    const { blocks } = this.#connection;
    if (length > FRAME_BYTES) {
      throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of ${length} bytes`);
    }
    if (!this.#gotSettings && (type !== FrameType.SETTINGS || flags & Flag.ACK)) {
      throw new ConnectionError(PROTOCOL_ERROR, "the first frame is not SETTINGS");
    }
    if (blocks.streamId !== 0 || type === FrameType.CONTINUATION) {
      if (type !== FrameType.CONTINUATION || blocks.streamId !== streamId || streamId === 0) {
        throw new ConnectionError(
          PROTOCOL_ERROR,
          "a header block is interrupted or has no HEADERS",
        );
      }
      blocks.checkLength(length);
      return true;
    }
    if (type === FrameType.DATA) return this.#beginData(flags, streamId, length);
    if (type > FrameType.CONTINUATION) {
      this.#connection.guard.ignoredFrame();
      return false;
    }
    checkFrame(type, streamId, length);
    if (type === FrameType.HEADERS) blocks.checkLength(length);
    return true;
  }

  onFrame(
    type: number,
    flags: number,
    streamId: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const connection = this.#connection;
    switch (type) {
      case FrameType.HEADERS:
        return connection.blocks.headers(streamId, flags, bytes, start, end);
      case FrameType.CONTINUATION:
        return connection.blocks.continuation(flags, bytes, start, end);
      case FrameType.PRIORITY:
        return this.#onPriority(streamId, readUint31(bytes, start));
      case FrameType.RST_STREAM:
        return this.#onReset(streamId, readUint32(bytes, start));
      case FrameType.SETTINGS:
        return this.#onSettings(flags, bytes, start, end);
      case FrameType.PUSH_PROMISE:
        throw new ConnectionError(PROTOCOL_ERROR, "PUSH_PROMISE, which was not allowed");
      case FrameType.PING:
        return this.#onPing(flags, bytes, start);
      case FrameType.GOAWAY:
        return connection.onGoaway({
          lastStreamId: readUint31(bytes, start),
          code: readUint32(bytes, start + 4),
          debug: latin1(bytes, start + 8, end),
        });
      case FrameType.WINDOW_UPDATE:
        return this.#onWindowUpdate(streamId, readUint31(bytes, start));
    }
  }

  #beginData(flags: number, streamId: number, length: number): boolean {
    const { streams, inbound } = this.#connection;
    if (streamId === 0) throw new ConnectionError(PROTOCOL_ERROR, "DATA on stream 0");
    const stream = streams.find(streamId);
    this.#last = (flags & Flag.END_STREAM) !== 0;
    this.#stream = stream;
    this.#hasContent = false;
    this.#rest = length;
    if (!inbound.begin(stream, length) && stream) {
      streams.fail(stream, FLOW_CONTROL_ERROR, "more data than the window allows");
    } else if (stream === undefined) {
      if (!streams.wasReset(streamId)) {
        streams.reject(streamId, STREAM_CLOSED, "DATA on a closed stream");
      }
    } else if (stream.remoteEnded) {
      streams.fail(stream, STREAM_CLOSED, "DATA after the end");
    } else if (!stream.gotHeaders) {
      streams.fail(stream, PROTOCOL_ERROR, "DATA before HEADERS");
    }
    return true;
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    const stream = this.#stream;
    this.#hasContent = true;
    if (stream === undefined || stream.closed) return;
    const length = end - start;
    if (stream.contentLeft >= 0) {
      if (length > stream.contentLeft) {
        const message = "more content than content-length says";
        return this.#connection.streams.fail(stream, PROTOCOL_ERROR, message);
      }
      stream.contentLeft -= length;
    }
    this.#rest -= length;
    this.#connection.streams.delivery.deliver(stream, bytes, start, end);
  }

  onDataEnd(): void {
    const stream = this.#stream?.closed ? undefined : this.#stream;
    this.#stream = undefined;
    const { inbound, streams, guard } = this.#connection;
    if (!this.#hasContent && !this.#last) guard.emptyFrame();
    if (stream && this.#last) streams.remoteEnd(stream, undefined);
    if (this.#rest > 0) inbound.discarded(stream, this.#rest);
  }

  #onPriority(streamId: number, dependency: number): void {
    this.#connection.guard.ignoredFrame();
    if (streamId !== dependency) return;
    this.#connection.onSelfDependency(streamId);
  }

  #onReset(streamId: number, code: number): void {
    const { streams } = this.#connection;
    const stream = streams.find(streamId);
    if (stream) streams.peerReset(stream, code);
  }

  #onSettings(flags: number, bytes: Uint8Array, start: number, end: number): void {
    const connection = this.#connection;
    if (flags & Flag.ACK) {
      if (start !== end) throw new ConnectionError(FRAME_SIZE_ERROR, "an answer with SETTINGS");
      return connection.settings.acknowledged();
    }
    if (this.#gotSettings) connection.guard.settings();
    this.#gotSettings = true;
    connection.onSettings(bytes, start, end);
  }

  #onPing(flags: number, bytes: Uint8Array, start: number): void {
    const { pings, outbound, guard } = this.#connection;
    if (flags & Flag.ACK) return pings.answered(bytes, start);
    guard.ping();
    pings.received(bytes, start, outbound.sentSincePing);
    outbound.sentSincePing = false;
  }

  #onWindowUpdate(streamId: number, increment: number): void {
    const connection = this.#connection;
    connection.guard.windowUpdate();
    if (streamId === 0) {
      if (increment === 0) throw new ConnectionError(PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
      return connection.widen(increment);
    }
    const { streams } = connection;
    const stream = streams.find(streamId);
    if (!stream) return;
    if (increment === 0) streams.fail(stream, PROTOCOL_ERROR, "WINDOW_UPDATE of 0");
    else streams.widen(stream, increment);
  }
}

/** Whether a frame is on a stream or not, as it must be, and as long as it must be. */
function checkFrame(type: number, streamId: number, length: number): void {
  const ofConnection =
    type === FrameType.SETTINGS || type === FrameType.PING || type === FrameType.GOAWAY;
  if (type !== FrameType.WINDOW_UPDATE && ofConnection !== (streamId === 0)) {
    throw new ConnectionError(PROTOCOL_ERROR, `a frame of type ${type} on stream ${streamId}`);
  }
  const fixed = fixedLengths[type] as number;
  const valid =
    type === FrameType.SETTINGS
      ? length % 6 === 0
      : type === FrameType.GOAWAY
        ? length >= 8
        : fixed < 0 || fixed === length;
  if (!valid) {
    throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of type ${type} with ${length} bytes`);
  }
}
