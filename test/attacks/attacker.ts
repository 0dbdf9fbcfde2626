// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Frame, FramePeer, frame, settings, settingsAck } from "../http2/support/frames.js";
import { turn } from "../support/gate.js";

const [RST_STREAM, GOAWAY] = [3, 7];

/** What an HTTP/2 client begins with. */
export const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** Error codes of HTTP/2. */
export const ErrorCode = {
  PROTOCOL_ERROR: 1,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  ENHANCE_YOUR_CALM: 11,
} as const;

/** Frames that go at once. */
const BATCH = 50;

/** What an attacker does not do, or does in another way. */
export interface AttackerOptions {
  /** Whether it greets as HTTP/2 asks, and acknowledges the server's settings. Default: true. */
  readonly greets?: boolean;
  /** Whether frames come from the server. Default: as `greets`. */
  readonly frames?: boolean;
  readonly settings?: [id: number, value: number][];
  /** Whether it reads what the server sends. Default: true. */
  readonly reads?: boolean;
  readonly secure?: boolean;
}

/** A connection whose client writes what it likes. It stays when the server ends its half. */
export class Attacker {
  readonly peer: FramePeer = new FramePeer();
  readonly frames: Frame[] = [];
  /** All that came, as text. */
  text = "";
  /** Whether the server has ended, or cut, the connection. */
  over = false;
  /** Settles when the server has given up the connection, and not only its half. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;

  constructor(port: number, options: AttackerOptions = {}) {
    const { greets = true, frames = greets, reads = true, secure = false } = options;
    const target = { port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true };
    const socket = secure
      ? connectTls({ ...target, rejectUnauthorized: false, ALPNProtocols: ["h2"] })
      : connect(target);
    this.#socket = socket;
    const end = () => {
      this.over = true;
    };
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    socket.on("error", end).on("end", end).on("close", end);
    if (reads) socket.on("data", (chunk: Buffer) => this.#read(chunk, frames));
    if (greets)
      this.write(
        Buffer.concat([Buffer.from(PREFACE), settings(...(options.settings ?? [])), settingsAck]),
      );
  }

  #read(chunk: Buffer, frames: boolean): void {
    if (frames) this.frames.push(...this.peer.read(chunk));
    else this.text += chunk.toString("latin1");
  }

  /** Sends. Resolves when the socket has taken it, or is gone. */
  write(bytes: Uint8Array | string): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.write(bytes, () => resolve());
    });
  }

  /** HEADERS of a call to an RPC of the lab. */
  call(
    streamId: number,
    rpc: string,
    more: readonly (readonly [string, string])[] = [],
  ): Uint8Array {
    return this.peer.headers(streamId, [...request(rpc), ...more]);
  }

  /** Sends what `make` makes, until the server ends the connection: a test that hangs has found no bound. */
  async flood(make: (i: number) => Uint8Array): Promise<void> {
    for (let i = 0; !this.over; ) {
      const batch: Uint8Array[] = [];
      for (let n = 0; n < BATCH; n++) batch.push(make(i++));
      await this.write(Buffer.concat(batch));
      await turn();
    }
  }

  /** The code of the server's GOAWAY that says why it ends the connection. */
  get goaway(): number | undefined {
    const last = this.frames.findLast(({ type }) => type === GOAWAY);
    return last && Buffer.from(last.payload).readUInt32BE(4);
  }

  /** How many streams the server has reset, by the code. */
  get resets(): ReadonlyMap<number, number> {
    const counts = new Map<number, number>();
    for (const { type, payload } of this.frames) {
      if (type !== RST_STREAM) continue;
      const code = Buffer.from(payload).readUInt32BE(0);
      counts.set(code, (counts.get(code) ?? 0) + 1);
    }
    return counts;
  }

  leave(): void {
    this.#socket.destroy();
  }
}

/** Fields of a call to an RPC of the lab. */
export function request(rpc: string): readonly (readonly [string, string])[] {
  return [
    [":method", "POST"],
    [":scheme", "http"],
    [":authority", "localhost"],
    [":path", `/lab.v1.LabService/${rpc}`],
    ["content-type", "application/grpc+proto"],
    ["te", "trailers"],
  ];
}

/** DATA that ends its stream. */
export function lastData(streamId: number, bytes: Uint8Array): Uint8Array {
  return frame(0, 1, streamId, bytes);
}
