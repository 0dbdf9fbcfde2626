// SPDX-License-Identifier: Apache-2.0
import {
  ClientConnection as Client,
  type ClientConnection,
  type ConnectionEvents,
  ErrorCode,
  HeaderList,
  type Http2Connection,
  type Http2Options,
  ServerConnection,
} from "../../../runtime/src/http2/index.js";
import { MemoryHost, VirtualLoop } from "../support/memory-host.js";
import { requestHeaders, responseHeaders } from "../support/pair.js";
import { Half } from "./half.js";

/** How the two ends are set up. */
export interface Setup {
  readonly client: Http2Options;
  readonly server: Http2Options;
  /** Bytes that a transport takes. */
  readonly capacity: number;
}

/** Two ends, joined by two queues of bytes, and what is known of their streams. */
export class World {
  readonly loop = new VirtualLoop();
  readonly clientHost: MemoryHost;
  readonly serverHost: MemoryHost;
  readonly client: ClientConnection;
  readonly server: ServerConnection;
  readonly calls: Half[] = [];
  readonly served: Half[] = [];
  readonly #options: Setup;

  constructor(setup: Setup) {
    this.#options = setup;
    this.clientHost = new MemoryHost(this.loop, setup.capacity);
    this.serverHost = new MemoryHost(this.loop, setup.capacity);
    const events: ConnectionEvents = {
      onViolation: ({ message }) => {
        throw new Error(`a violation: ${message}`);
      },
      onGoaway() {},
      onSettings() {},
      onStreamClosed() {},
      onClose() {},
    };
    this.client = new Client(this.clientHost, events, setup.client);
    this.server = new ServerConnection(
      this.serverHost,
      { ...events, onRequest: (stream) => this.#serve(stream) },
      setup.server,
    );
  }

  /** Whether one of the two goes away. */
  leaving = false;

  /** One of the two goes away, gracefully. */
  leave(connection: Http2Connection): void {
    this.leaving = true;
    connection.shutdown();
  }

  request(): void {
    if (!this.client.canRequest) return;
    const half = new Half(false);
    half.stream = this.client.request(requestHeaders, half);
    this.calls.push(half);
  }

  respond(half: Half, interim: boolean): void {
    if (half.stream.started) return;
    if (interim) half.stream.sendInterim(HeaderList.of([[":status", "103"]]));
    half.stream.respond(responseHeaders);
  }

  end(half: Half, trailers: boolean): void {
    const { stream, sent } = half;
    if (!stream.started || sent.ended) return;
    if (!stream.closed) {
      sent.ended = true;
      if (trailers) sent.trailers = String(sent.bytes);
    }
    stream.end(trailers ? HeaderList.of([["x-sum", String(sent.bytes)]]) : undefined);
  }

  reset(half: Half): void {
    half.stream.reset(ErrorCode.CANCEL);
    half.sent.reset = true;
    if (half.fromServer) half.stream.release();
  }

  /** Moves some bytes from one end to the other. Returns how many. */
  move(fromServer: boolean, max: number): number {
    const [from, sender, receiver]: [MemoryHost, Http2Connection, Http2Connection] = fromServer
      ? [this.serverHost, this.server, this.client]
      : [this.clientHost, this.client, this.server];
    const wasFull = from.waiting >= from.capacity;
    const bytes = from.take(max);
    if (bytes.length > 0) receiver.receive(bytes);
    if (from.ended && from.waiting === 0) receiver.transportClosed("the other end has closed");
    if (wasFull && from.waiting < from.capacity) sender.drained();
    return bytes.length;
  }

  /** Everything that is on its way arrives. */
  settle(): void {
    this.loop.settle();
    while (this.move(false, 1e9) + this.move(true, 1e9) > 0) this.loop.settle();
  }

  /** Readers read again, and all arrives. */
  quiesce(): void {
    for (const half of [...this.calls, ...this.served]) half.stream.resume();
    this.settle();
  }

  #serve(stream: Half["stream"]): void {
    const half = new Half(true);
    half.stream = stream;
    stream.events = half;
    half.other = this.calls.find((call) => call.stream.id === stream.id);
    if (half.other) half.other.other = half;
    this.served.push(half);
    const running = this.served.filter((one) => !one.stream.released || !one.stream.closed);
    const max = this.#options.server.maxConcurrentStreams ?? 250;
    half.expect(running.length <= max, "more streams than allowed");
  }
}
