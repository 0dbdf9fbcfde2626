// SPDX-License-Identifier: Apache-2.0
import type { ConnectionEvents } from "./connection-events.js";
import { Delivery } from "./delivery.js";
import { ConnectionError, ErrorCode, errorCodeName } from "./errors.js";
import type { FloodGuard } from "./flood-guard.js";
import type { HeaderList } from "./header-list.js";
import type { Inbound } from "./inbound.js";
import { MAX_WINDOW_BYTES } from "./limits.js";
import { OpenStreams } from "./open-streams.js";
import type { Outbound } from "./outbound.js";
import { RecentResets } from "./recent-resets.js";
import type { Http2Stream, StreamOwner } from "./stream.js";
import type { ExceededLimit, StreamFailure } from "./stream-events.js";

/** What the streams of a connection have in common. */
export interface StreamContext {
  readonly isServer: boolean;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly guard: FloodGuard;
  readonly events: ConnectionEvents;
  readonly streamBufferBytes: number;
  /** Something waits for the next flush. */
  schedule(): void;
  /** Measures how long the way is. */
  probe(): void;
  /** Whether no stream of this number has been opened so far. */
  isIdle(streamId: number): boolean;
}

/** The streams of a connection: how they are opened, what becomes of them, and how they end. */
export class StreamSet implements StreamOwner {
  readonly streamBufferBytes: number;
  readonly open: OpenStreams = new OpenStreams();
  /** Streams that count towards the limit: those that are open, and those that are worked on. */
  slots = 0;
  readonly #context: StreamContext;
  readonly #resets = new RecentResets();
  /** How what streams receive reaches the embedder. */
  readonly delivery: Delivery;

  constructor(context: StreamContext) {
    this.#context = context;
    this.streamBufferBytes = context.streamBufferBytes;
    this.delivery = new Delivery(context.inbound, () => context.probe());
  }

  add(stream: Http2Stream): void {
    this.open.add(stream);
    this.slots++;
  }

  /** An open stream that the peer means; `undefined`: it has closed. Idle ones break the rules. */
  find(streamId: number): Http2Stream | undefined {
    const stream = this.open.get(streamId);
    if (stream?.known) return stream;
    if (stream || this.#context.isIdle(streamId)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, `a frame on idle stream ${streamId}`);
    }
    return undefined;
  }

  /** Whether there are requests of which nothing has been sent. */
  get hasUnsent(): boolean {
    return this.open.list().some((stream) => !stream.known);
  }

  /** Whether we have reset a stream not long ago, so that frames for it mean nothing. */
  wasReset(streamId: number): boolean {
    return this.#resets.has(streamId);
  }

  /** Frames for a stream that is not opened mean nothing. */
  ignore(streamId: number): void {
    this.#resets.add(streamId);
  }

  /** The peer has ended its side. */
  remoteEnd(stream: Http2Stream, trailers: HeaderList | undefined): void {
    if (stream.closed) return;
    if (stream.contentLeft > 0) {
      const message = "less content than content-length says";
      return this.fail(stream, ErrorCode.PROTOCOL_ERROR, message);
    }
    stream.remoteEnded = true;
    stream.endDue = true;
    stream.receivedTrailers = trailers;
    this.delivery.ended(stream);
    if (stream.localEnded) this.#close(stream, true);
  }

  wake(stream: Http2Stream): void {
    this.#context.outbound.add(stream);
    this.#context.schedule();
  }

  consumed(stream: Http2Stream, bytes: number): void {
    this.#context.inbound.consumed(stream, bytes);
    this.#context.schedule();
  }

  resumed(stream: Http2Stream): void {
    this.delivery.resumed(stream);
    this.#context.schedule();
  }

  released(stream: Http2Stream): void {
    if (stream.closed) this.slots--;
  }

  reset(stream: Http2Stream, code: number): void {
    stream.held = undefined;
    stream.endDue = false;
    if (stream.closed) return;
    if (stream.known) this.#sendReset(stream.id, code);
    this.#close(stream, false);
  }

  /** The embedder's side has ended, on the wire. */
  localEnd(stream: Http2Stream): void {
    if (stream.remoteEnded) this.#close(stream, true);
    else if (stream.stopCode >= 0) {
      this.#resets.add(stream.id);
      this.#close(stream, true);
    }
  }

  /** The peer has reset a stream. */
  peerReset(stream: Http2Stream, code: number): void {
    const { isServer, guard } = this.#context;
    const abandoned = !stream.released;
    this.#break(stream, {
      kind: "reset",
      code,
      processed: code !== ErrorCode.REFUSED_STREAM,
      message: `the ${isServer ? "client" : "server"} reset the stream (${errorCodeName(code)})`,
    });
    if (isServer && abandoned) guard.reset();
  }

  /** The peer broke a rule on a stream, which ends it. */
  fail(stream: Http2Stream, code: number, message: string, exceeded?: ExceededLimit): void {
    if (stream.closed) return;
    this.#break(stream, { kind: "violation", code, processed: true, exceeded, message });
    this.reject(stream.id, code, message);
  }

  /** The peer broke a rule on a stream that is not open. */
  reject(streamId: number, code: number, message: string): void {
    this.#sendReset(streamId, code);
    this.#context.events.onViolation({ scope: "stream", streamId, code, message });
    this.#context.guard.streamError();
  }

  /** A stream has got more window. */
  widen(stream: Http2Stream, increment: number): void {
    const window = stream.sendWindow + increment;
    if (window > MAX_WINDOW_BYTES) {
      return this.fail(stream, ErrorCode.FLOW_CONTROL_ERROR, "a window that is too large");
    }
    stream.sendWindow = window;
    if (stream.buffered > 0 && window > 0) this.wake(stream);
  }

  /** All streams have got more window, or less. */
  widenAll(increment: number): void {
    for (const stream of this.open.list()) {
      stream.sendWindow += increment;
      if (stream.sendWindow > MAX_WINDOW_BYTES) {
        const message = "a window that is too large by SETTINGS_INITIAL_WINDOW_SIZE";
        throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, message);
      }
      if (stream.buffered > 0 && stream.sendWindow > 0) this.wake(stream);
    }
  }

  /**
   * Breaks streams off that have ended but for data of which the peer has let none out since the last
   * look. Returns whether to look again.
   */
  breakStalled(): boolean {
    let waiting = false;
    for (const stream of this.open.list()) {
      if (!stream.ending || stream.buffered === 0) continue;
      if (stream.stallMark === stream.buffered) {
        this.fail(stream, ErrorCode.CANCEL, "a response that is not read");
      } else {
        stream.stallMark = stream.buffered;
        waiting = true;
      }
    }
    return waiting;
  }

  /** Breaks all streams off that `select` wants to. */
  breakAll(select: (stream: Http2Stream) => StreamFailure | undefined): void {
    for (const stream of this.open.list()) {
      const failure = select(stream);
      if (failure) this.#break(stream, failure);
    }
  }

  /** On a client, a response that is complete stays so, whatever comes after it. */
  #break(stream: Http2Stream, failure: StreamFailure): void {
    const complete = !this.#context.isServer && stream.remoteEnded;
    this.#close(stream, false);
    if (complete) return;
    stream.endDue = false;
    stream.held = undefined;
    stream.events.onFail(failure);
  }

  #sendReset(streamId: number, code: number): void {
    this.#context.outbound.control.reset(streamId, code);
    this.#resets.add(streamId);
    this.#context.schedule();
  }

  #close(stream: Http2Stream, completed: boolean): void {
    stream.closed = true;
    this.open.delete(stream);
    if (stream.released) this.slots--;
    const { outbound, inbound, guard, events } = this.#context;
    outbound.remove(stream);
    inbound.closed(stream);
    if (completed) guard.completed();
    events.onStreamClosed();
  }
}
