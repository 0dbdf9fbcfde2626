// SPDX-License-Identifier: Apache-2.0
import {
  HeaderList,
  type Http2Stream,
  type ServerConnectionEvents,
  type StreamEvents,
} from "../../../runtime/src/http2/index.js";
import { noConnectionEvents } from "./net-host.js";

const head = HeaderList.of(
  [
    [":status", "200"],
    ["content-type", "application/grpc"],
  ],
  { reused: true },
);
const trailers = HeaderList.of([["grpc-status", "0"]], { reused: true });

/** Sends back what comes, and holds the client back when it takes nothing. */
export class Echo implements StreamEvents {
  readonly #stream: Http2Stream;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
    stream.respond(head);
  }

  onHeaders(): void {}
  onInterim(): void {}
  onSent(): void {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#stream.write(new Uint8Array(bytes.subarray(start, end)))) this.#stream.pause();
  }

  onDrain(): void {
    this.#stream.resume();
  }

  onEnd(): void {
    this.#stream.end(trailers);
    this.#stream.release();
  }

  onFail(): void {
    this.#stream.release();
  }
}

/** Events of a server that echoes. */
export const echoEvents: ServerConnectionEvents = {
  ...noConnectionEvents,
  onRequest(stream) {
    stream.events = new Echo(stream);
  },
};
