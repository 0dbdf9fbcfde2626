// SPDX-License-Identifier: Apache-2.0
import type { Http2Session, Http2Stream } from "node:http2";

/** How soon to look again whether a connection has room, in milliseconds; doubled each time. */
const FIRST_LOOK_MS = 1;

/** Longest wait between two looks, in milliseconds: a reader that stopped is not looked at often. */
const LAST_LOOK_MS = 64;

/**
 * How many turns a lap has at least: between two laps, the connection may be idle. A turn is what a
 * stream takes before it asks to wait for "drain", 16 KiB or a message.
 */
const MIN_TURNS = 8;

/**
 * For how many times as long as others had to wait for a stream in vain they do not wait for it
 * again: what a reader that stopped can cost the others.
 */
const PATIENCE = 16;

/** A stream that has nothing left to send, and may go on with `resume`. */
interface Waiting {
  readonly stream: Http2Stream;
  readonly resume: () => void;
}

const shares = new WeakMap<Http2Session, FairShare>();

/** Lets a stream have its turn on its connection. Call it when the stream is opened. */
export function shareConnection(stream: Http2Stream): void {
  const { session } = stream;
  if (session) shareOf(session).add(stream);
}

/** Calls `resume` when it is the stream's turn to send more, after its "drain". */
export function whenFair(stream: Http2Stream, resume: () => void): void {
  const { session } = stream;
  if (session) shareOf(session).wait({ stream, resume });
  else resume();
}

function shareOf(session: Http2Session): FairShare {
  const share = shares.get(session) ?? new FairShare(session);
  shares.set(session, share);
  return share;
}

/**
 * Turns for the streams of one connection. When its flow-control window is used up, nghttp2 gives
 * what comes next to the oldest stream that has something to send, as RFC 9218 has it for responses
 * that are of no use in part: a stream that sends all the time leaves nothing to younger ones. So
 * streams go in laps: one that has sent its part waits with more until all others have, too.
 * nghttp2 1.61, in Node.js 20, still went round.
 * https://www.rfc-editor.org/rfc/rfc9218.html#section-10
 */
class FairShare {
  readonly #session: Http2Session;
  readonly #open = new Set<Http2Stream>();
  /** Until when, by `performance.now()`, nobody waits for a stream whose own reader has stopped. */
  readonly #stopped = new WeakMap<Http2Stream, number>();
  #waiting: Waiting[] = [];
  /** Streams for whom the others wait. None while the connection has room. */
  #lap: Set<Http2Stream> | undefined;
  #lapStart = 0;
  /** How many turns have been given since the lap began. */
  #turns = 0;
  #timer: NodeJS.Timeout | undefined;
  #lookMs = FIRST_LOOK_MS;

  constructor(session: Http2Session) {
    this.#session = session;
  }

  add(stream: Http2Stream): void {
    if (this.#open.has(stream)) return;
    this.#open.add(stream);
    stream.once("close", () => {
      this.#open.delete(stream);
      this.#lap?.delete(stream);
      if (this.#waiting.length > 0) this.#resume();
    });
  }

  wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#resume();
  }

  #resume(): void {
    if (this.#open.size < 2 || this.#hasRoom() || this.#lapDone()) this.#lap = undefined;
    else if (this.#turns >= MIN_TURNS) return this.#lookLater();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#lookMs = FIRST_LOOK_MS;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#turns += waiting.length;
    for (const { resume } of waiting) resume();
  }

  /** Whether the peer takes more on this connection: then all streams can send that have what to. */
  #hasRoom(): boolean {
    const { remoteWindowSize = Number.POSITIVE_INFINITY } = this.#session.state;
    return remoteWindowSize > 0;
  }

  /** Whether all have sent what they had when the room was used up. */
  #lapDone(): boolean {
    this.#lap ??= this.#startLap();
    for (const stream of this.#lap) {
      if (stream.writableLength > 0) return false;
      this.#lap.delete(stream);
    }
    return true;
  }

  #startLap(): Set<Http2Stream> {
    this.#lapStart = performance.now();
    this.#turns = 0;
    const lap = new Set<Http2Stream>();
    for (const stream of this.#open) {
      if (stream.writableLength === 0) continue;
      if ((this.#stopped.get(stream) ?? 0) <= this.#lapStart) lap.add(stream);
    }
    return lap;
  }

  /** A window that opens makes no event; and those who have the turn may wait for their own. */
  #lookLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#lookMs = Math.min(2 * this.#lookMs, LAST_LOOK_MS);
      if (this.#hasRoom()) this.#passOver();
      this.#resume();
    }, this.#lookMs).unref();
  }

  /** There is room, and these have not used it: it is not the connection that they wait for. */
  #passOver(): void {
    const now = performance.now();
    const until = now + Math.max(LAST_LOOK_MS, PATIENCE * (now - this.#lapStart));
    for (const stream of this.#lap ?? []) this.#stopped.set(stream, until);
  }
}
