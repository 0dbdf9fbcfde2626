// SPDX-License-Identifier: Apache-2.0
import { BandwidthEstimator } from "./bandwidth-estimator.js";
import { ConnectionError, ErrorCode } from "./errors.js";
import type { ControlQueue } from "./frames/control-queue.js";
import { DEFAULT_WINDOW_BYTES } from "./limits.js";
import type { ResolvedHttp2Options } from "./options.js";
import type { Http2Stream } from "./stream.js";

/**
 * Flow control of what is received. The window of a stream comes back when its data has been taken
 * in; that of the connection as soon as data has come, so that a stream that is not read holds no
 * other up, unless those that are not read hold too much together.
 */
export class Inbound {
  /** Bytes that a new stream may receive. */
  streamCredit: number;
  readonly #options: ResolvedHttp2Options;
  readonly #control: ControlQueue;
  readonly #estimator = new BandwidthEstimator();
  /** What the windows should be by now. */
  #streamWindow: number;
  #window: number;
  /** Bytes that the peer may still send, and for which it has got no new window. */
  #credit: number = DEFAULT_WINDOW_BYTES;
  #owed = 0;
  /** Bytes that have come and have not been taken in. */
  #unread = 0;

  constructor(options: ResolvedHttp2Options, control: ControlQueue) {
    this.#options = options;
    this.#control = control;
    this.#streamWindow = options.streamWindowBytes;
    this.#window = options.connectionWindowBytes;
    // Until the peer knows our settings, it goes by the default.
    this.streamCredit = Math.max(options.streamWindowBytes, DEFAULT_WINDOW_BYTES);
  }

  /** Bytes that the peer may still send on all streams together. */
  get credit(): number {
    return this.#credit;
  }

  /** Widens the connection's window to what it should be. With the first SETTINGS. */
  open(): void {
    this.#owed = this.#window - this.#credit;
    this.#giveConnection();
  }

  /** The peer knows our settings now. */
  settingsAcknowledged(streams: Iterable<Http2Stream>): void {
    const change = this.#options.streamWindowBytes - this.streamCredit;
    this.streamCredit += change;
    if (change === 0) return;
    for (const stream of streams) {
      stream.receiveWindow += change;
      stream.windowTarget += change;
      // What was too little of the larger window may be all of the smaller one.
      this.#giveStream(stream, 0);
    }
  }

  /** A DATA frame begins. Its stream, if it is open, must have window for it, and so the connection. */
  begin(stream: Http2Stream | undefined, length: number): boolean {
    this.#credit -= length;
    if (this.#credit < 0) {
      throw new ConnectionError(
        ErrorCode.FLOW_CONTROL_ERROR,
        "more data than the connection's window allows",
      );
    }
    if (stream) stream.receiveWindow -= length;
    // A window that has become smaller may be below zero, where an empty frame is no offence.
    return stream === undefined || stream.receiveWindow >= 0 || length === 0;
  }

  /** Bytes of a DATA frame that no one is to take in: padding, and what comes for closed streams. */
  discarded(stream: Http2Stream | undefined, bytes: number): void {
    if (stream) this.#giveStream(stream, bytes);
    this.#owed += bytes;
    this.#giveConnection();
  }

  /** Content has been passed on, and is taken in with that. True: a ping should measure. */
  passed(stream: Http2Stream, bytes: number): boolean {
    this.#giveStream(stream, bytes);
    this.#owed += bytes;
    this.#giveConnection();
    return this.#mayGrow() && this.#estimator.received(bytes);
  }

  /** Content waits for someone to take it in. */
  kept(stream: Http2Stream, bytes: number): void {
    stream.unread += bytes;
    this.#unread += bytes;
    this.#owed += bytes;
    this.#giveConnection();
  }

  /** Content that waited has been taken in. */
  consumed(stream: Http2Stream, bytes: number): void {
    const taken = Math.min(bytes, stream.unread);
    stream.unread -= taken;
    this.#unread -= taken;
    this.#giveStream(stream, taken);
    this.#giveConnection();
  }

  /** What waits on a stream that has closed counts no more: the stream's slot bounds it. */
  closed(stream: Http2Stream): void {
    this.#unread -= stream.unread;
    stream.unread = 0;
    if (this.#owed > 0) this.#giveConnection();
  }

  /** A ping that measures has been answered. */
  measured(rttMs: number): void {
    const sample = this.#estimator.finish(rttMs, Math.min(this.#window, this.#streamWindow));
    if (sample === 0) return;
    const { maxStreamWindowBytes, maxConnectionWindowBytes } = this.#options;
    this.#streamWindow = grown(this.#streamWindow, 2 * sample, maxStreamWindowBytes);
    const window = grown(this.#window, 2 * sample, maxConnectionWindowBytes);
    this.#owed += window - this.#window;
    this.#window = window;
    this.#giveConnection();
  }

  #mayGrow(): boolean {
    const { maxStreamWindowBytes, maxConnectionWindowBytes } = this.#options;
    return this.#streamWindow < maxStreamWindowBytes || this.#window < maxConnectionWindowBytes;
  }

  #giveStream(stream: Http2Stream, bytes: number): void {
    stream.owed += bytes;
    if (stream.remoteEnded || stream.closed || stream.owed < stream.windowTarget / 2) return;
    if (this.#streamWindow > stream.windowTarget) {
      stream.owed += this.#streamWindow - stream.windowTarget;
      stream.windowTarget = this.#streamWindow;
    }
    stream.receiveWindow += stream.owed;
    this.#control.windowUpdate(stream.id, stream.owed);
    stream.owed = 0;
  }

  /** All that has come is owed, so that window and credit only differ by that. */
  #giveConnection(): void {
    if (this.#owed < this.#window / 2 && this.#credit > 0) return;
    if (this.#owed === 0 || this.#unread > this.#options.maxUnreadBytes) return;
    this.#control.windowUpdate(0, this.#owed);
    this.#credit += this.#owed;
    this.#owed = 0;
  }
}

function grown(window: number, wanted: number, max: number): number {
  return Math.max(window, Math.min(wanted, max));
}
