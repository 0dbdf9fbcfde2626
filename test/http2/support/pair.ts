// SPDX-License-Identifier: Apache-2.0
import {
  ClientConnection,
  type ConnectionEvents,
  type Goaway,
  HeaderList,
  type Http2Connection,
  type Http2Options,
  type Http2Stream,
  ServerConnection,
  type StreamEvents,
  type StreamFailure,
  type Violation,
} from "../../../runtime/src/http2/index.js";
import { type Frame, FramePeer } from "./frames.js";
import { MemoryHost, VirtualLoop } from "./memory-host.js";

/** What a stream told, in order: `head`, `end`, …; data joined. */
export class Recorder implements StreamEvents {
  readonly log: string[] = [];
  bytes = 0;
  sent = false;
  failure: StreamFailure | undefined;
  headers: HeaderList | undefined;
  trailers: HeaderList | undefined;
  stream: Http2Stream | undefined;
  /** Whether to let go of a server's slot as soon as the stream has ended. */
  autoRelease = true;

  onHeaders(headers: HeaderList): void {
    this.headers = headers;
    this.log.push(`headers ${headers.status}`);
  }

  onInterim(headers: HeaderList): void {
    this.log.push(`interim ${headers.status}`);
  }

  onData(_: Uint8Array, start: number, end: number): void {
    if (this.log.at(-1) !== "data") this.log.push("data");
    this.bytes += end - start;
  }

  onEnd(trailers: HeaderList | undefined): void {
    this.trailers = trailers;
    this.log.push("end");
  }

  onFail(failure: StreamFailure): void {
    this.failure = failure;
    this.log.push(`${failure.kind} ${failure.code}`);
    if (this.autoRelease) this.stream?.release();
  }

  onDrain(): void {
    this.log.push("drain");
  }

  onSent(): void {
    this.sent = true;
  }
}

/** Events of a connection, written down. */
export class ConnectionLog implements ConnectionEvents {
  readonly violations: Violation[] = [];
  readonly goaways: Goaway[] = [];
  closed = 0;
  requests: { stream: Http2Stream; recorder: Recorder; headers: HeaderList }[] = [];
  /** What to do with a request; by default nothing. */
  onCall: (stream: Http2Stream, recorder: Recorder) => void = () => {};

  onViolation(violation: Violation): void {
    this.violations.push(violation);
  }
  onGoaway(goaway: Goaway): void {
    this.goaways.push(goaway);
  }
  onSettings(): void {}
  onStreamClosed(): void {}
  onClose(): void {
    this.closed++;
  }
  onRequest(stream: Http2Stream, headers: HeaderList): void {
    const recorder = new Recorder();
    recorder.stream = stream;
    stream.events = recorder;
    this.requests.push({ stream, recorder, headers });
    this.onCall(stream, recorder);
  }
}

/** One end: a connection, its host, and what it told. */
export interface End<C extends Http2Connection> {
  readonly connection: C;
  readonly host: MemoryHost;
  readonly log: ConnectionLog;
}

/** A server's end. */
export function makeServer(
  loop: VirtualLoop,
  options: Http2Options = {},
  capacity?: number,
): End<ServerConnection> {
  const host = new MemoryHost(loop, capacity);
  const log = new ConnectionLog();
  return { connection: new ServerConnection(host, log, options), host, log };
}

/** A client's end. */
export function makeClient(
  loop: VirtualLoop,
  options: Http2Options = {},
  capacity?: number,
): End<ClientConnection> {
  const host = new MemoryHost(loop, capacity);
  const log = new ConnectionLog();
  return { connection: new ClientConnection(host, log, options), host, log };
}

/** Passes bytes from one end to the other. Returns how many. */
export function pass(
  loop: VirtualLoop,
  from: End<Http2Connection>,
  to: End<Http2Connection>,
  max?: number,
): number {
  const full = from.host.waiting >= from.host.capacity;
  const bytes = from.host.take(max);
  if (bytes.length > 0) to.connection.receive(bytes);
  if (full && from.host.waiting < from.host.capacity) from.connection.drained();
  loop.settle();
  return bytes.length;
}

/** Two ends on one loop. */
export class Pair {
  readonly loop = new VirtualLoop();
  readonly client: End<ClientConnection>;
  readonly server: End<ServerConnection>;

  constructor({ client = {}, server = {} }: { client?: Http2Options; server?: Http2Options } = {}) {
    this.client = makeClient(this.loop, client);
    this.server = makeServer(this.loop, server);
    this.settle();
  }

  /** Passes bytes both ways until there are no more. */
  settle(): void {
    this.loop.settle();
    let moved = 1;
    while (moved > 0) {
      moved = pass(this.loop, this.client, this.server) + pass(this.loop, this.server, this.client);
    }
  }

  /** Makes a request. It is on its way when this returns. */
  request(recorder: Recorder = new Recorder()): { stream: Http2Stream; recorder: Recorder } {
    const stream = this.client.connection.request(requestHeaders, recorder);
    recorder.stream = stream;
    return { stream, recorder };
  }
}

/** One end, and frames of a peer that need not keep the rules. */
export class Lone<C extends Http2Connection> {
  readonly peer = new FramePeer();
  readonly end: End<C>;
  readonly loop: VirtualLoop;

  constructor(loop: VirtualLoop, end: End<C>) {
    this.loop = loop;
    this.end = end;
    this.received();
  }

  /** Sends bytes to the end under test, and returns the frames that it answers. */
  send(...pieces: Uint8Array[]): Frame[] {
    for (const piece of pieces) this.end.connection.receive(piece);
    return this.received();
  }

  /** The frames that the end under test has sent. */
  received(): Frame[] {
    this.loop.settle();
    let bytes = this.end.host.take();
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    if (Buffer.from(bytes).toString("latin1").startsWith(preface)) bytes = bytes.slice(24);
    return this.peer.read(bytes);
  }
}

/** Headers of a request, of a response, and trailers. */
export const requestFields: readonly (readonly [string, string])[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/test.v1.Test/Call"],
  [":authority", "127.0.0.1"],
];
export const requestHeaders: HeaderList = HeaderList.of(requestFields, { reused: true });
export const responseHeaders: HeaderList = HeaderList.of([[":status", "200"]], { reused: true });
export const trailers: HeaderList = HeaderList.of([["grpc-status", "0"]], { reused: true });
