// SPDX-License-Identifier: Apache-2.0
import type {
  HeaderList,
  Http2Stream,
  StreamEvents,
  StreamFailure,
} from "../../../runtime/src/http2/index.js";

/** What one end has written on a stream: the simplest model of its side. */
export interface Sent {
  bytes: number;
  ended: boolean;
  trailers: string | undefined;
  reset: boolean;
  /** Whether it wants to hear nothing more once it has ended. */
  stop: boolean;
}

/** The octet at a place of a stream, so that one that is lost or out of place shows. */
export function octet(streamId: number, fromServer: boolean, position: number): number {
  return (position * 7 + streamId * 13 + (fromServer ? 101 : 0)) & 255;
}

/** One end's view of a stream: what it sends, and what it hears, checked against the other end. */
export class Half implements StreamEvents {
  readonly sent: Sent = { bytes: 0, ended: false, trailers: undefined, reset: false, stop: false };
  readonly fromServer: boolean;
  stream!: Http2Stream;
  other: Half | undefined;
  received = 0;
  ended = false;
  /** Whether the end has left. */
  left = false;
  failure: StreamFailure | undefined;
  headers = 0;
  /** Whether `write` has said that there is no room, and nothing since. */
  full = false;
  drains = 0;

  constructor(fromServer: boolean) {
    this.fromServer = fromServer;
  }

  /** Sends as many bytes. */
  write(bytes: number): void {
    const { id } = this.stream;
    const dead = this.stream.closed || this.sent.ended;
    const start = this.sent.bytes;
    const piece = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) piece[i] = octet(id, this.fromServer, start + i);
    const room = this.stream.write(piece);
    if (dead) return;
    this.sent.bytes += bytes;
    this.full = !room;
  }

  onHeaders(_: HeaderList): void {
    this.expect(!this.fromServer, "a server got a response");
    this.expect(++this.headers === 1 && this.received === 0, "headers twice or late");
  }

  onInterim(): void {
    this.expect(this.headers === 0, "an interim response behind the final one");
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.expect(start < end, "empty data");
    this.expect(!this.stream.paused, "data while paused");
    this.expect(!this.ended && !this.failure && !this.sent.reset, "data after the end");
    this.expect(this.fromServer || this.headers === 1, "data before headers");
    for (let i = start; i < end; i++) {
      const expected = octet(this.stream.id, !this.fromServer, this.received + i - start);
      if (bytes[i] !== expected) this.expect(false, `octet ${this.received + i - start} is wrong`);
    }
    this.received += end - start;
    this.expect(this.received <= (this.other?.sent.bytes ?? 0), "more than was sent");
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.expect(!this.ended && !this.failure && !this.sent.reset, "an end after the end");
    this.ended = true;
    const other = this.other?.sent;
    this.expect(other?.ended === true, "an end that was not sent");
    this.expect(other?.bytes === this.received, "an end before all data");
    this.expect(trailers?.get("x-sum") === other?.trailers, "other trailers than were sent");
  }

  onFail(failure: StreamFailure): void {
    this.expect(!this.failure && !this.sent.reset, "a failure twice, or after a reset");
    this.expect(this.fromServer || !this.ended, "a failure after a complete response");
    this.failure = failure;
  }

  onSent(): void {
    this.expect(this.sent.ended && !this.left, "an end that left twice, or was not sent");
    this.left = true;
  }

  onDrain(): void {
    this.expect(this.full, "a drain that nobody waits for");
    this.full = false;
    this.drains++;
  }

  expect(holds: boolean, message: string): void {
    if (holds) return;
    throw new Error(
      `stream ${this.stream.id}, ${this.fromServer ? "server" : "client"}: ${message}`,
    );
  }
}
