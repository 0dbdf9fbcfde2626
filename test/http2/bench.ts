// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation What HTTP/2 alone costs: `npx tsx test/http2/bench.ts [SECONDS]`. Client and
 * server in processes of their own; CPU of both, for each call or message.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import {
  type ClientConnection,
  HeaderList,
  type Http2Stream,
  noEvents,
  type StreamEvents,
} from "../../runtime/src/http2/index.js";
import { dial, listen, noConnectionEvents } from "./support/net-host.js";

const UNARY_BYTES = 65;
const SMALL_BYTES = 65;
const LARGE_BYTES = 64 * 1024 + 5;

const response = HeaderList.of(
  [
    [":status", "200"],
    ["content-type", "application/grpc"],
    ["grpc-encoding", "identity"],
  ],
  { reused: true },
);
const trailers = HeaderList.of([["grpc-status", "0"]], { reused: true });

function requestTo(method: string): HeaderList {
  return HeaderList.of(
    [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", `/bench.v1.BenchService/${method}`],
      [":authority", "127.0.0.1:50051"],
      ["content-type", "application/grpc"],
      ["te", "trailers"],
      ["user-agent", "connect-stream-bench"],
      ["grpc-accept-encoding", "identity,gzip"],
    ],
    { reused: true },
  );
}

class Unary implements StreamEvents {
  readonly #stream: Http2Stream;
  #message: Uint8Array | undefined;

  constructor(stream: Http2Stream) {
    this.#stream = stream;
  }

  onHeaders(): void {}
  onInterim(): void {}
  onSent(): void {}
  onDrain(): void {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#message = bytes.subarray(start, end);
  }

  onEnd(): void {
    const stream = this.#stream;
    stream.respond(response);
    if (this.#message) stream.write(this.#message);
    stream.end(trailers);
    stream.release();
  }

  onFail(): void {
    this.#stream.release();
  }
}

/** Sends messages until it is reset. */
class Flood implements StreamEvents {
  readonly #stream: Http2Stream;
  readonly #bytes: number;

  constructor(stream: Http2Stream, bytes: number) {
    this.#stream = stream;
    this.#bytes = bytes;
    stream.respond(response);
  }

  onHeaders(): void {}
  onInterim(): void {}
  onData(): void {}

  onSent(): void {}
  onDrain(): void {
    while (this.#stream.write(Buffer.allocUnsafe(this.#bytes)));
  }

  onEnd(): void {
    this.onDrain();
  }

  onFail(): void {
    this.#stream.release();
  }
}

async function serve(): Promise<void> {
  const unary = "/bench.v1.BenchService/Unary";
  const { port } = await listen(() => ({
    ...noConnectionEvents,
    onRequest(stream, headers) {
      headers.memo ??= headers.get(":path") ?? "";
      if (headers.memo === unary) stream.events = new Unary(stream);
      else
        stream.events = new Flood(
          stream,
          headers.memo?.toString().endsWith("Large") ? LARGE_BYTES : SMALL_BYTES,
        );
    },
  }));
  process.on("message", () => process.send?.(process.cpuUsage()));
  process.send?.(port);
}

class Caller implements StreamEvents {
  readonly #connection: ClientConnection;
  readonly #request = requestTo("Unary");
  readonly #message = Buffer.alloc(UNARY_BYTES);
  readonly #onDone: () => void;
  calls = 0;
  stopped = false;

  constructor(connection: ClientConnection, onDone: () => void) {
    this.#connection = connection;
    this.#onDone = onDone;
  }

  call(): void {
    const stream = this.#connection.request(this.#request, this);
    stream.write(this.#message);
    stream.end();
  }

  onHeaders(): void {}
  onInterim(): void {}
  onData(): void {}
  onSent(): void {}
  onDrain(): void {}

  onEnd(): void {
    this.calls++;
    if (this.stopped) this.#onDone();
    // As a caller does that awaits a promise.
    else Promise.resolve().then(() => this.call());
  }

  onFail(): void {
    throw new Error("a call failed");
  }
}

async function cpu(server: ChildProcess): Promise<[client: number, server: number]> {
  const answer = once(server, "message");
  server.send("cpu");
  const [{ user, system }] = await answer;
  const mine = process.cpuUsage();
  return [mine.user + mine.system, user + system];
}

async function measure(
  name: string,
  server: ChildProcess,
  seconds: number,
  count: () => number,
): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const [client0, server0] = await cpu(server);
  const count0 = count();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  const n = count() - count0;
  const elapsed = (performance.now() - start) / 1000;
  const [client1, server1] = await cpu(server);
  const each = (us: number) => (us / n).toFixed(2);
  console.log(
    `${name.padEnd(24)} ${Math.round(n / elapsed)}/s, ` +
      `${each(client1 - client0)} + ${each(server1 - server0)} µs CPU`,
  );
}

async function unary(server: ChildProcess, port: number, seconds: number, parallel: number) {
  const { connection, socket } = dial(port);
  let left = parallel;
  let resolve = () => {};
  const done = new Promise<void>((r) => {
    resolve = r;
  });
  const caller = new Caller(connection, () => --left === 0 && resolve());
  for (let i = 0; i < parallel; i++) caller.call();
  await measure(`unary, ${parallel} at a time`, server, seconds, () => caller.calls);
  caller.stopped = true;
  await done;
  socket.destroy();
}

async function streaming(
  server: ChildProcess,
  port: number,
  seconds: number,
  method: string,
  size: number,
  streams: number,
) {
  const { connection, socket } = dial(port);
  let bytes = 0;
  for (let i = 0; i < streams; i++) {
    const stream = connection.request(requestTo(method), {
      ...noEvents,
      onData(_, start, end) {
        bytes += end - start;
      },
    });
    stream.end();
  }
  await measure(`${method}, ${streams} streams`, server, seconds, () => bytes / size);
  socket.destroy();
}

if (process.argv[2] === "server") {
  await serve();
} else {
  const seconds = Number(process.argv[2] ?? 4);
  const server = fork(fileURLToPath(import.meta.url), ["server"], {
    execArgv: process.execArgv,
  });
  const [port] = await once(server, "message");
  await unary(server, port, seconds, 32);
  await unary(server, port, seconds, 1);
  await streaming(server, port, seconds, "Small", SMALL_BYTES, 1);
  await streaming(server, port, seconds, "Small", SMALL_BYTES, 100);
  await streaming(server, port, seconds, "Large", LARGE_BYTES, 1);
  server.kill();
  process.exit();
}
