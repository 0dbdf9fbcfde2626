// SPDX-License-Identifier: Apache-2.0
import type { ConnectionEvents, Goaway } from "./connection-events.js";
import { Deadline, Deadlines } from "./deadlines.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import { FloodGuard } from "./flood-guard.js";
import { HeaderBlockReader, type HeaderSink } from "./header-block-reader.js";
import type { HeaderList } from "./header-list.js";
import type { Http2Host } from "./host.js";
import { Inbound } from "./inbound.js";
import { type Http2Options, type ResolvedHttp2Options, resolveHttp2Options } from "./options.js";
import { Outbound, type OutboundEvents } from "./outbound.js";
import { Pings } from "./pings.js";
import { PeerSettings } from "./settings.js";
import { SettingsExchange } from "./settings-exchange.js";
import type { Http2Stream } from "./stream.js";
import { type StreamContext, StreamSet } from "./stream-set.js";

const encoder = new TextEncoder();

/** The parts of a connection, and what keeps them running: flushes, errors, time limits, the end. */
export abstract class ConnectionCore implements StreamContext, HeaderSink, OutboundEvents {
  /** Which side this is. */
  abstract readonly isServer: boolean;
  /** Whom to tell. */
  readonly events: ConnectionEvents;
  /** What the peer has set. */
  readonly peer: PeerSettings = new PeerSettings();
  /** Whether nothing is sent or received any more. */
  closed = false;
  /** The peer's last GOAWAY. */
  goaway: Goaway | undefined = undefined;

  readonly options: ResolvedHttp2Options;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly guard: FloodGuard;
  readonly pings: Pings;
  readonly streams: StreamSet;
  readonly blocks: HeaderBlockReader;
  readonly deadlines: Deadlines;
  readonly settings: SettingsExchange;
  /** Whether the connection is to close when its last stream has. */
  protected isLeaving = false;
  readonly #host: Http2Host;
  readonly #task: () => void = () => this.run();
  #scheduled = false;

  constructor(host: Http2Host, events: ConnectionEvents, options: Http2Options) {
    const resolved = resolveHttp2Options(options);
    this.#host = host;
    this.events = events;
    this.options = resolved;
    this.guard = new FloodGuard(host, resolved);
    this.outbound = new Outbound(host, this.peer, this.guard, resolved.streamBufferBytes, this);
    this.inbound = new Inbound(resolved, this.outbound.control);
    this.pings = new Pings(host, this.outbound.control, resolved.minPingIntervalMs);
    this.streams = new StreamSet(this);
    this.blocks = new HeaderBlockReader(resolved.maxHeaderListBytes, this.guard, this);
    this.deadlines = new Deadlines(host, (deadline) => this.#onDeadline(deadline));
    this.settings = new SettingsExchange(this);
  }

  get streamBufferBytes(): number {
    return this.options.streamBufferBytes;
  }

  /** Closes the connection now: GOAWAY with this code, and all streams fail. */
  destroy(code: number = ErrorCode.NO_ERROR, message = "the connection was closed"): void {
    if (this.closed) return;
    this.sendGoaway(this.lastStreamId, code, message);
    this.outbound.flushControl();
    this.close(message);
    this.#host.end();
  }

  /** Has a flush follow. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#host.defer(this.#task);
  }

  abstract probe(): void;
  abstract isIdle(streamId: number): boolean;
  abstract onHeaderList(streamId: number, list: HeaderList | undefined, endStream: boolean): void;
  abstract onGoaway(goaway: Goaway): void;

  onSelfDependency(streamId: number): void {
    const stream = this.streams.open.get(streamId);
    const message = "a stream that depends on itself";
    if (stream) this.streams.fail(stream, ErrorCode.PROTOCOL_ERROR, message);
    else this.streams.reject(streamId, ErrorCode.PROTOCOL_ERROR, message);
  }

  onLocalEnd(stream: Http2Stream): void {
    this.streams.localEnd(stream);
  }

  onStall(): void {
    if (this.deadlines.isSet(Deadline.STALL)) return;
    this.deadlines.set(Deadline.STALL, this.options.stallTimeoutMs / 2);
  }

  /** The last stream of the peer that we have taken on; for GOAWAY. */
  protected abstract readonly lastStreamId: number;

  /** The time limit between the two steps of a graceful GOAWAY. */
  protected abstract onGoawayDeadline(): void;

  /** Sends the GOAWAY that is due when what goes before it has left, if it has. */
  protected abstract announce(): void;

  /** Tells the peer that the connection goes away. */
  protected sendGoaway(lastStreamId: number, code: number, debug: string): void {
    this.outbound.control.goaway(lastStreamId, code, encoder.encode(debug));
    this.schedule();
  }

  /** Tells what there is to tell, and sends what there is to send. */
  protected run(): void {
    this.#scheduled = false;
    this.guarded(() => {
      this.streams.delivery.tell();
      if (this.closed) return;
      this.outbound.flush();
      this.outbound.tellSent();
      this.outbound.tellDrained();
      this.announce();
      if (this.isLeaving && !this.#scheduled) this.#finish();
    });
  }

  /** Runs what may find that the peer broke a rule. */
  protected guarded(task: () => void): void {
    try {
      task();
    } catch (error) {
      if (error instanceof ConnectionError) return this.#violated(error.code, error.message);
      this.destroy(ErrorCode.INTERNAL_ERROR, "internal error");
      throw error;
    }
  }

  /** Ends all streams and time limits. */
  protected close(message: string): void {
    this.closed = true;
    this.deadlines.stop();
    const code = this.goaway?.code ?? ErrorCode.NO_ERROR;
    this.streams.breakAll((stream) => ({
      kind: "connection",
      code,
      processed: stream.known,
      message,
    }));
    this.events.onClose();
  }

  /** Closes the transport if there is nothing left to do on it. */
  #finish(): void {
    if (this.closed || this.streams.open.size > 0 || this.outbound.blocked) return;
    this.close("the connection has ended");
    this.#host.end();
  }

  #onDeadline(deadline: number): void {
    switch (deadline) {
      case Deadline.PREFACE:
        return this.#violated(ErrorCode.PROTOCOL_ERROR, "no SETTINGS in time");
      case Deadline.SETTINGS_ACK:
        return this.#violated(ErrorCode.SETTINGS_TIMEOUT, "no acknowledgement of SETTINGS in time");
      case Deadline.HEADER_BLOCK:
        return this.#violated(ErrorCode.ENHANCE_YOUR_CALM, "a frame that takes too long");
      case Deadline.GOAWAY:
        return this.onGoawayDeadline();
      case Deadline.STALL:
        return this.guarded(() => {
          if (this.streams.breakStalled()) this.onStall();
        });
    }
  }

  #violated(code: number, message: string): void {
    if (this.closed) return;
    this.events.onViolation({ scope: "connection", streamId: 0, code, message });
    this.destroy(code, message);
  }
}
