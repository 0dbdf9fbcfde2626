// SPDX-License-Identifier: Apache-2.0
import type { FloodGuard } from "./flood-guard.js";
import { ControlQueue } from "./frames/control-queue.js";
import { FrameWriter } from "./frames/frame-writer.js";
import type { HeaderList } from "./header-list.js";
import type { Http2Host } from "./host.js";
import { HpackEncoder } from "./hpack/encoder.js";
import { DEFAULT_WINDOW_BYTES, DRIBBLE_BYTES, FLUSH_BYTES, FRAME_BYTES } from "./limits.js";
import { Scheduler, type TurnWriter } from "./scheduler.js";
import type { PeerSettings } from "./settings.js";
import type { Http2Stream } from "./stream.js";

/** What sending tells the connection. */
export interface OutboundEvents {
  /** END_STREAM, and perhaps a reset behind it, have been written. */
  onLocalEnd(stream: Http2Stream): void;
  /** A stream has ended but for data that the peer's windows do not let out. */
  onStall(): void;
}

/** The sending half of a connection: what waits becomes frames, all of a turn in one write. */
export class Outbound implements TurnWriter {
  /** Frames that go first. */
  readonly control: ControlQueue = new ControlQueue();
  readonly encoder: HpackEncoder = new HpackEncoder();
  /** Bytes of data that the connection's window allows. */
  sendWindow: number = DEFAULT_WINDOW_BYTES;
  /** Whether the transport takes no more for now. */
  blocked = false;
  /** Whether headers or data have been sent since the peer's last ping. */
  sentSincePing = false;
  readonly #host: Http2Host;
  readonly #peer: PeerSettings;
  readonly #guard: FloodGuard;
  readonly #events: OutboundEvents;
  readonly #writer: FrameWriter;
  readonly #scheduler = new Scheduler();
  /** Streams whose end has been written. */
  #sent: Http2Stream[] = [];
  /** Streams that have room again. */
  #drained: Http2Stream[] = [];
  readonly #lowBytes: number;

  constructor(
    host: Http2Host,
    peer: PeerSettings,
    guard: FloodGuard,
    streamBufferBytes: number,
    events: OutboundEvents,
  ) {
    this.#host = host;
    this.#peer = peer;
    this.#guard = guard;
    this.#events = events;
    this.#writer = new FrameWriter(host.slab);
    this.#lowBytes = streamBufferBytes / 4;
  }

  get full(): boolean {
    return this.#writer.bytes >= FLUSH_BYTES;
  }

  /** The stream has something to send. */
  add(stream: Http2Stream): void {
    this.#scheduler.add(stream);
  }

  /** Nothing more of this stream is to be sent. */
  remove(stream: Http2Stream): void {
    this.#scheduler.remove(stream);
    stream.drop();
  }

  /** Writes the frames that go first, whether or not the transport takes more. */
  flushControl(): void {
    this.#writer.begin();
    this.#writer.raw(this.control.bytes, this.control.length);
    this.control.clear();
    this.#host.write(this.#writer.take());
  }

  /** Writes what there is, as far as transport and windows take it. */
  flush(): void {
    while (!this.blocked) {
      const writer = this.#writer;
      writer.begin();
      if (this.control.length > 0) {
        writer.raw(this.control.bytes, this.control.length);
        this.control.clear();
      }
      if (this.#scheduler.canWrite(this.sendWindow)) this.#scheduler.lap(this);
      if (writer.bytes === 0) break;
      this.blocked = !this.#host.write(writer.take());
    }
  }

  /** Tells streams that their end has left. */
  tellSent(): void {
    if (this.#sent.length === 0) return;
    const sent = this.#sent;
    this.#sent = [];
    for (const stream of sent) stream.events.onSent();
  }

  /** Tells streams that have room again. */
  tellDrained(): void {
    if (this.blocked || this.#drained.length === 0) return;
    const drained = this.#drained;
    this.#drained = [];
    for (const stream of drained) {
      stream.drainDue = false;
      if (stream.closed || stream.ending || stream.buffered > this.#lowBytes) continue;
      stream.wantsDrain = false;
      stream.events.onDrain();
    }
  }

  writeHead(stream: Http2Stream): void {
    stream.known = true;
    if (stream.interim) {
      for (const headers of stream.interim) this.#writeHeaders(stream, headers, false);
      stream.interim = undefined;
    }
    if (!stream.headers) return;
    const { headers } = stream;
    stream.headers = undefined;
    const last = stream.ending && stream.buffered === 0 && !stream.trailers;
    this.#writeHeaders(stream, headers, last);
    if (last) this.#ended(stream);
  }

  writeTurn(stream: Http2Stream, bytes: number): void {
    if (stream.headers || stream.interim) this.writeHead(stream);
    if (stream.closed) return;
    if (stream.localEnded) return this.#stop(stream);
    let left = Math.min(bytes, stream.buffered);
    while (left > 0) {
      const written = this.#writeData(stream, left);
      if (written === 0) break;
      left -= written;
    }
    if (stream.wantsDrain && !stream.drainDue && stream.buffered <= this.#lowBytes) {
      stream.drainDue = true;
      this.#drained.push(stream);
    }
    if (!stream.ending || stream.localEnded) return;
    if (stream.buffered === 0) this.#writeEnd(stream);
    else this.#events.onStall();
  }

  #writeData(stream: Http2Stream, bytes: number): number {
    const { buffered } = stream;
    const window = Math.min(stream.sendWindow, this.sendWindow);
    const length = Math.min(bytes, window, this.#peer.maxFrameSize, FRAME_BYTES);
    if (length <= 0) return 0;
    if (length < DRIBBLE_BYTES && length < buffered && length === window) this.#guard.dribble();
    const last = length === buffered && stream.ending && !stream.trailers;
    this.#writer.dataHeader(stream.id, length, last);
    stream.moveData(this.#writer, length);
    stream.sendWindow -= length;
    this.sendWindow -= length;
    this.sentSincePing = true;
    this.#guard.dataSent();
    if (last) this.#ended(stream);
    return length;
  }

  #writeEnd(stream: Http2Stream): void {
    const { trailers } = stream;
    stream.trailers = undefined;
    if (trailers) this.#writeHeaders(stream, trailers, true);
    else this.#writer.dataHeader(stream.id, 0, true);
    this.#ended(stream);
  }

  #writeHeaders(stream: Http2Stream, headers: HeaderList, last: boolean): void {
    const { encoder } = this;
    encoder.encode(headers);
    const { maxFrameSize } = this.#peer;
    this.#writer.headers(stream.id, encoder.block, encoder.length, last, maxFrameSize);
    this.sentSincePing = true;
  }

  #ended(stream: Http2Stream): void {
    stream.localEnded = true;
    this.#sent.push(stream);
    this.#stop(stream);
  }

  /** What follows the end of our side: a reset, if one is to, and the end of the stream. */
  #stop(stream: Http2Stream): void {
    if (stream.stopCode >= 0 && !stream.remoteEnded) this.#writer.reset(stream.id, stream.stopCode);
    this.#events.onLocalEnd(stream);
  }
}
