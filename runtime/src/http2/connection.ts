// SPDX-License-Identifier: Apache-2.0
import type { ConnectionEvents, Goaway } from "./connection-events.js";
import { Deadline, Deadlines } from "./deadlines.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import { FloodGuard } from "./flood-guard.js";
import { FrameHandler } from "./frame-handler.js";
import { FrameReader } from "./frames/frame-reader.js";
import { HeaderBlockReader, type HeaderSink } from "./header-block-reader.js";
import type { HeaderList } from "./header-list.js";
import type { Http2Host } from "./host.js";
import { Inbound } from "./inbound.js";
import {
  HEADER_BLOCK_TIMEOUT_MS,
  MAX_CONTROL_BYTES,
  MAX_WINDOW_BYTES,
  RECEIVED_FRAME_BYTES,
} from "./limits.js";
import { type Http2Options, type ResolvedHttp2Options, resolveHttp2Options } from "./options.js";
import { Outbound, type OutboundEvents } from "./outbound.js";
import { Pings } from "./pings.js";
import { PeerSettings, type Setting, SettingId } from "./settings.js";
import type { Http2Stream } from "./stream.js";
import { type StreamContext, StreamSet } from "./stream-set.js";

const encoder = new TextEncoder();

/** How much a new measurement counts in the round trip time, as in TCP. */
const RTT_WEIGHT = 1 / 8;

/**
 * An HTTP/2 connection, as far as both sides are alike. Bytes go in by {@link receive}; bytes come
 * out by the host, all of a turn at once; events tell the rest. Methods may be called at any time,
 * also from within an event.
 */
export abstract class Http2Connection implements StreamContext, HeaderSink, OutboundEvents {
  abstract readonly isServer: boolean;
  readonly events: ConnectionEvents;
  /** What the peer has set. */
  readonly peer: PeerSettings = new PeerSettings();
  /** Whether the peer's settings have come. */
  settingsReceived = false;
  /** Whether no more streams are accepted or opened, since one side goes away. */
  draining = false;
  /** Whether nothing is sent or received any more. */
  closed = false;
  /** Round trip time in milliseconds, smoothed; `undefined`: not measured yet. */
  rttMs: number | undefined = undefined;

  /** @internal */
  readonly outbound: Outbound;
  /** @internal */
  readonly inbound: Inbound;
  /** @internal */
  readonly guard: FloodGuard;
  /** @internal */
  readonly pings: Pings;
  /** @internal */
  readonly streams: StreamSet;
  /** @internal */
  readonly blocks: HeaderBlockReader;
  protected readonly options: ResolvedHttp2Options;
  protected readonly deadlines: Deadlines;
  readonly #host: Http2Host;
  readonly #reader: FrameReader;
  #scheduled = false;
  readonly #task: () => void = () => this.#run();
  #peerLeft = false;

  /** `pingIntervalMs`: the shortest between two idle pings of the peer. */
  constructor(
    host: Http2Host,
    events: ConnectionEvents,
    options: Http2Options,
    pingIntervalMs: number,
  ) {
    const resolved = resolveHttp2Options(options);
    this.#host = host;
    this.events = events;
    this.options = resolved;
    this.guard = new FloodGuard(host, resolved);
    this.outbound = new Outbound(host, this.peer, this.guard, resolved.streamBufferBytes, this);
    this.inbound = new Inbound(resolved, this.outbound.control);
    this.pings = new Pings(host, this.outbound.control, pingIntervalMs);
    this.streams = new StreamSet(this);
    this.blocks = new HeaderBlockReader(resolved.maxHeaderListBytes, this.guard, this);
    this.deadlines = new Deadlines(host, (deadline) => this.#onDeadline(deadline));
    this.#reader = new FrameReader(new FrameHandler(this));
  }

  /** @internal */
  get streamBufferBytes(): number {
    return this.options.streamBufferBytes;
  }

  /** Streams that are open. */
  get openStreams(): number {
    return this.streams.open.size;
  }

  /** Takes bytes from the transport. They may be used again when it returns. */
  receive(chunk: Uint8Array): void {
    if (this.closed) return;
    this.#guarded(() => {
      const start = this.readPreface(chunk);
      this.#reader.read(chunk, start);
      if (this.closed) return;
      this.streams.tell();
      this.#afterReceive();
    });
  }

  /** The transport takes more, after a `write` that returned false. */
  drained(): void {
    this.outbound.blocked = false;
    this.#guarded(() => this.outbound.tellDrained());
    this.#run();
  }

  /** The transport has closed, whoever closed it. What is open fails. */
  transportClosed(message: string): void {
    if (this.closed) return;
    this.streams.tell();
    this.#close(message);
  }

  /**
   * Sends a ping. `onAnswer` gets the round trip time; it is not called if the connection is lost.
   * False: too many are on their way already.
   */
  ping(onAnswer: (rttMs: number) => void): boolean {
    if (this.closed) return false;
    const sent = this.pings.send((rttMs) => {
      this.rttMs =
        this.rttMs === undefined ? rttMs : this.rttMs + (rttMs - this.rttMs) * RTT_WEIGHT;
      onAnswer(rttMs);
    });
    this.schedule();
    return sent;
  }

  /** Closes the connection once its streams have ended. `debug` tells the peer why. */
  abstract shutdown(debug?: string): void;

  /** Closes the connection now: GOAWAY with this code, and all streams fail. */
  destroy(code: number = ErrorCode.NO_ERROR, message = "the connection was closed"): void {
    if (this.closed) return;
    this.outbound.control.goaway(this.lastStreamId, code, encoder.encode(message));
    this.outbound.flushControl();
    this.#close(message);
    this.#host.end();
  }

  /** @internal */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#host.defer(this.#task);
  }

  /** @internal */
  probe(): void {
    this.ping((rttMs) => this.inbound.measured(rttMs));
  }

  /** @internal */
  abstract isIdle(streamId: number): boolean;

  /** @internal */
  abstract onHeaderList(streamId: number, list: HeaderList | undefined, endStream: boolean): void;

  /** @internal */
  onSelfDependency(streamId: number): void {
    const stream = this.streams.open.get(streamId);
    const message = "a stream that depends on itself";
    if (stream) this.streams.fail(stream, ErrorCode.PROTOCOL_ERROR, message);
    else this.streams.reject(streamId, ErrorCode.PROTOCOL_ERROR, message);
  }

  /** @internal */
  onLocalEnd(stream: Http2Stream): void {
    this.streams.localEnd(stream);
  }

  /** @internal */
  onStall(): void {
    if (this.deadlines.isSet(Deadline.STALL)) return;
    this.deadlines.set(Deadline.STALL, this.options.stallTimeoutMs / 2);
  }

  /** @internal */
  onGoaway(goaway: Goaway): void {
    this.#peerLeft = true;
    this.draining = true;
    this.events.onGoaway(goaway);
  }

  /** @internal */
  onSettingsAck(): void {
    if (!this.deadlines.isSet(Deadline.SETTINGS_ACK)) return;
    this.deadlines.clear(Deadline.SETTINGS_ACK);
    this.inbound.settingsAcknowledged(this.streams.open.values());
    this.blocks.decoder.setTableLimit(this.options.headerTableBytes);
  }

  /** @internal */
  applySettings(bytes: Uint8Array, start: number, end: number): void {
    const { initialWindowSize } = this.peer;
    this.peer.apply(bytes, start, end, !this.isServer);
    this.deadlines.clear(Deadline.PREFACE);
    this.settingsReceived = true;
    this.outbound.encoder.setTableLimit(this.peer.headerTableSize);
    const change = this.peer.initialWindowSize - initialWindowSize;
    if (change !== 0) this.streams.widenAll(change);
    this.outbound.control.settingsAck();
    this.events.onSettings();
  }

  /** @internal */
  widenConnection(increment: number): void {
    const window = this.outbound.sendWindow + increment;
    if (window > MAX_WINDOW_BYTES) {
      throw new ConnectionError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "a connection window that is too large",
      );
    }
    this.outbound.sendWindow = window;
    this.schedule();
  }

  /** The last stream of the peer that we have taken on; for GOAWAY. */
  protected abstract readonly lastStreamId: number;

  /** Where frames begin in a chunk, behind what comes before them. */
  protected abstract readPreface(chunk: Uint8Array): number;

  /** Whether the connection is to close when its last stream has. */
  protected isLeaving = false;

  /** Sends our settings, which are the first frame. */
  protected open(settings: readonly Setting[]): void {
    const { options, outbound } = this;
    outbound.control.settings([
      ...settings,
      [SettingId.INITIAL_WINDOW_SIZE, options.streamWindowBytes],
      [SettingId.MAX_FRAME_SIZE, RECEIVED_FRAME_BYTES],
      [SettingId.MAX_HEADER_LIST_SIZE, options.maxHeaderListBytes],
      [SettingId.HEADER_TABLE_SIZE, options.headerTableBytes],
    ]);
    this.inbound.open();
    this.deadlines.set(Deadline.PREFACE, options.prefaceTimeoutMs);
    this.deadlines.set(Deadline.SETTINGS_ACK, options.settingsTimeoutMs);
    this.schedule();
  }

  /** Announces that the connection goes away. */
  protected sendGoaway(lastStreamId: number, debug: string): void {
    this.outbound.control.goaway(lastStreamId, ErrorCode.NO_ERROR, encoder.encode(debug));
    this.schedule();
  }

  /** The time limit between the two steps of a graceful GOAWAY. */
  protected onGoawayDeadline(): void {}

  #run(): void {
    this.#scheduled = false;
    this.#guarded(() => {
      this.streams.tell();
      if (this.closed) return;
      this.outbound.flush();
      this.outbound.tellDrained();
      this.#finish();
    });
  }

  #afterReceive(): void {
    const { deadlines, outbound } = this;
    const waits = this.blocks.streamId !== 0 || this.#reader.isWithinFrame;
    if (waits !== deadlines.isSet(Deadline.HEADER_BLOCK)) {
      if (waits) deadlines.set(Deadline.HEADER_BLOCK, HEADER_BLOCK_TIMEOUT_MS);
      else deadlines.clear(Deadline.HEADER_BLOCK);
    }
    if (outbound.control.length > MAX_CONTROL_BYTES) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "answers that are not read");
    }
    if (outbound.control.length > 0 || this.isLeaving || this.#peerLeft) this.schedule();
  }

  /** Closes the transport if there is nothing left to do on it. */
  #finish(): void {
    if (this.closed || !(this.isLeaving || this.#peerLeft)) return;
    if (this.openStreams > 0 || this.outbound.blocked) return;
    this.#close("the connection has ended");
    this.#host.end();
  }

  #onDeadline(deadline: number): void {
    switch (deadline) {
      case Deadline.PREFACE:
        return this.#violated(ErrorCode.PROTOCOL_ERROR, "no SETTINGS in time");
      case Deadline.SETTINGS_ACK:
        return this.#violated(ErrorCode.SETTINGS_TIMEOUT, "no acknowledgement of SETTINGS in time");
      case Deadline.HEADER_BLOCK:
        return this.#violated(
          ErrorCode.ENHANCE_YOUR_CALM,
          "a frame or header block that takes too long",
        );
      case Deadline.GOAWAY:
        return this.onGoawayDeadline();
      case Deadline.STALL:
        return this.#guarded(() => this.#breakStalled());
    }
  }

  /** Breaks streams off whose end the peer has let wait since the last look. */
  #breakStalled(): void {
    for (const stream of [...this.streams.open.values()]) {
      if (!stream.ending || stream.buffered === 0) continue;
      if (stream.stallMark === stream.buffered) {
        this.streams.fail(stream, ErrorCode.CANCEL, "a response that is not read");
      } else {
        stream.stallMark = stream.buffered;
        this.onStall();
      }
    }
  }

  #guarded(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (!(error instanceof ConnectionError)) {
        this.destroy(ErrorCode.INTERNAL_ERROR, "internal error");
        throw error;
      }
      this.#violated(error.code, error.message);
    }
  }

  #violated(code: number, message: string): void {
    if (this.closed) return;
    this.events.onViolation({ scope: "connection", streamId: 0, code, message });
    this.destroy(code, message);
  }

  #close(message: string): void {
    this.closed = true;
    this.deadlines.stop();
    this.streams.breakAll((stream) => ({
      kind: "connection",
      code: ErrorCode.NO_ERROR,
      processed: stream.known,
      message,
    }));
    this.events.onClose();
  }
}
