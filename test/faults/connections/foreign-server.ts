// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import {
  type ConnectionEvents,
  ErrorCode,
  HeaderList,
  type Http2Stream,
  ServerConnection,
  type StreamEvents,
} from "../../../runtime/src/http2/index.js";
import { connectSocket, SocketHost } from "../../../runtime/src/node/http2/socket-host.js";
import { frame, uint32 } from "../../http2/support/frames.js";
import { noConnectionEvents } from "../../http2/support/net-host.js";
import { FrameType } from "../../support/frame-server.js";
import { NoteSchema } from "../../support/gen/lab/v1/lab_pb.js";
import { CALL_HEADER, type Call } from "./call.js";
import type { MemorySocket } from "./network.js";

/** What a server does with requests. */
export type Mode = "run" | "refuse" | "hold";

const head = HeaderList.of([
  [":status", "200"],
  ["content-type", "application/grpc+proto"],
]);

interface Held {
  readonly call: Call;
  readonly stream: Http2Stream;
  readonly abort: AbortController;
}

/** A connection to a server that is not ours: it refuses and goes away as other servers do. */
export class ForeignConnection {
  readonly socket: MemorySocket;
  readonly #connection: ServerConnection;
  readonly #find: (id: string) => Call | undefined;
  readonly #mode: () => Mode;
  readonly #held: Held[] = [];
  /** The last id that it has seen. */
  #seen = 0;
  /** The last id of its GOAWAY. */
  #last = Number.POSITIVE_INFINITY;

  constructor(
    socket: MemorySocket,
    maxConcurrentStreams: number,
    find: (id: string) => Call | undefined,
    mode: () => Mode,
  ) {
    this.socket = socket;
    this.#find = find;
    this.#mode = mode;
    const events: ConnectionEvents & { onRequest: ForeignConnection["onRequest"] } = {
      ...noConnectionEvents,
      onRequest: (stream, headers) => this.onRequest(stream, headers),
    };
    const options = { maxConcurrentStreams, minPingIntervalMs: 0 };
    this.#connection = new ServerConnection(new SocketHost(socket), events, options);
    connectSocket(
      socket,
      this.#connection,
      () => undefined,
      () => "lost",
    );
  }

  get isOpen(): boolean {
    return !this.#connection.closed && !this.socket.destroyed;
  }

  onRequest(stream: Http2Stream, headers: HeaderList): void {
    const call = this.#find(headers.get(CALL_HEADER) ?? "");
    if (!call) throw new Error("a request of no call");
    this.#seen = stream.id;
    const abort = new AbortController();
    stream.events = this.#events(stream, abort);
    if (stream.id > this.#last) {
      call.refusals++;
      return;
    }
    const mode = this.#mode();
    const held = { call, stream, abort };
    if (mode === "run") void this.#run(held);
    else if (mode === "hold") this.#held.push(held);
    else this.#refuse(held);
  }

  /** Runs what it has held back. */
  runHeld(): void {
    for (const held of this.#held.splice(0)) void this.#run(held);
  }

  /** Goes away: of what it holds, the first `kept` are run, those behind them never. */
  goaway(kept: number, code: number, debug: string): void {
    if (!this.isOpen || this.#last !== Number.POSITIVE_INFINITY) return;
    const running = this.#held.splice(0, kept);
    const behind = this.#held.splice(0);
    const [first] = behind;
    this.#last = first ? Math.max(0, first.stream.id - 2) : this.#seen;
    for (const { call, abort } of behind) if (!abort.signal.aborted) call.refusals++;
    const debugBytes = Buffer.from(debug);
    const payload = [...uint32(this.#last), ...uint32(code), ...debugBytes];
    this.socket.write(frame(FrameType.GOAWAY, 0, 0, payload));
    for (const held of running) void this.#run(held);
  }

  #events(stream: Http2Stream, abort: AbortController): StreamEvents {
    const none = () => undefined;
    return {
      onHeaders: none,
      onInterim: none,
      onData: none,
      onEnd: none,
      onDrain: none,
      onSent: none,
      onFail() {
        abort.abort(new ConnectError("gone"));
        stream.release();
      },
    };
  }

  #refuse({ call, stream, abort }: Held): void {
    call.refusals++;
    abort.abort();
    stream.reset(ErrorCode.REFUSED_STREAM);
    stream.release();
  }

  async #run({ call, stream, abort }: Held): Promise<void> {
    if (abort.signal.aborted) return;
    let status = "0";
    try {
      const text = await call.run(abort.signal);
      const message = toBinary(NoteSchema, create(NoteSchema, { text }));
      stream.respond(head);
      stream.write(Uint8Array.from([0, ...uint32(message.length), ...message]));
    } catch (error) {
      status = String(ConnectError.from(error).code);
      if (!stream.started) stream.respond(head);
    }
    stream.end(HeaderList.of([["grpc-status", status]]));
    stream.resetAfterEnd(ErrorCode.NO_ERROR);
    stream.release();
  }
}
