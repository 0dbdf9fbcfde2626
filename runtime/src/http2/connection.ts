// SPDX-License-Identifier: Apache-2.0
import { ConnectionCore } from "./connection-core.js";
import type { ConnectionEvents, Goaway } from "./connection-events.js";
import { Deadline } from "./deadlines.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import { FrameHandler } from "./frame-handler.js";
import { FrameReader } from "./frames/frame-reader.js";
import type { Http2Host } from "./host.js";
import { HEADER_BLOCK_TIMEOUT_MS, MAX_CONTROL_BYTES, MAX_WINDOW_BYTES } from "./limits.js";
import type { Http2Options } from "./options.js";

/** How much a new measurement counts in the round trip time, as in TCP. */
const RTT_WEIGHT: number = 1 / 8;

/**
 * An HTTP/2 connection, as far as both sides are alike. Bytes go in by {@link receive}; bytes come
 * out by the host, all of a turn at once; events tell the rest. Methods may be called at any time,
 * also from within an event.
 */
export abstract class Http2Connection extends ConnectionCore {
  /** Whether the peer's settings have come. */
  settingsReceived = false;
  /** Whether no more streams are accepted or opened, since one side goes away. */
  draining = false;
  /** Round trip time in milliseconds, smoothed; `undefined`: not measured yet. */
  rttMs: number | undefined = undefined;
  readonly #reader: FrameReader;

  constructor(host: Http2Host, events: ConnectionEvents, options: Http2Options) {
    super(host, events, options);
    this.#reader = new FrameReader(new FrameHandler(this));
  }

  /** Streams that are open. */
  get openStreams(): number {
    return this.streams.open.size;
  }

  /**
   * Takes bytes from the transport. They must stay as they are: data is passed on, or waits, as a
   * part of them.
   */
  receive(chunk: Uint8Array): void {
    if (this.closed) return;
    this.guarded(() => {
      const start = this.readPreface(chunk);
      this.#reader.read(chunk, start);
      if (this.closed) return;
      this.streams.delivery.tell();
      this.#afterReceive();
    });
  }

  /** The transport takes more, after a `write` that returned false. */
  drained(): void {
    this.outbound.blocked = false;
    this.guarded(() => this.outbound.tellDrained());
    this.run();
  }

  /** The transport has closed, whoever closed it. What is open fails. */
  transportClosed(message: string): void {
    if (this.closed) return;
    this.streams.delivery.tell();
    this.close(message);
  }

  /**
   * Sends a ping. `onAnswer` gets the round trip time; it is not called if the connection is lost.
   * False: too many are on their way already.
   */
  ping(onAnswer: (rttMs: number) => void): boolean {
    if (this.closed) return false;
    const sent = this.pings.send((rttMs) => {
      const known = this.rttMs ?? rttMs;
      this.rttMs = known + (rttMs - known) * RTT_WEIGHT;
      onAnswer(rttMs);
    });
    this.schedule();
    return sent;
  }

  /** Closes the connection once its streams have ended. `debug` tells the peer why. */
  abstract shutdown(debug?: string): void;

  override probe(): void {
    this.ping((rttMs) => this.inbound.measured(rttMs));
  }

  override onGoaway(goaway: Goaway): void {
    this.goaway = goaway;
    this.isLeaving = true;
    this.draining = true;
    this.events.onGoaway(goaway);
    this.schedule();
  }

  onSettings(bytes: Uint8Array, start: number, end: number): void {
    this.settings.received(bytes, start, end);
    this.settingsReceived = true;
    this.events.onSettings();
  }

  widen(increment: number): void {
    const window = this.outbound.sendWindow + increment;
    if (window > MAX_WINDOW_BYTES) {
      const message = "a connection window that is too large";
      throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
    }
    this.outbound.sendWindow = window;
    this.schedule();
  }

  /** Where frames begin in a chunk, behind what comes before them. */
  protected abstract readPreface(chunk: Uint8Array): number;

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
    if (outbound.control.length > 0 || this.isLeaving) this.schedule();
  }
}
