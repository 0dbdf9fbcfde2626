// SPDX-License-Identifier: Apache-2.0
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { onTestFinished } from "vitest";
import {
  type Frame,
  FramePeer,
  frame,
  settings,
  settingsAck,
  uint32,
} from "../http2/support/frames.js";
import { selfSigned } from "./tls.js";

const PREFACE_BYTES = 24;

export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
} as const;

/** One connection of a client, frame by frame. */
export class FrameConnection {
  readonly socket: Socket;
  /** What has come. */
  readonly frames: Frame[] = [];
  readonly #peer = new FramePeer();

  constructor(socket: Socket, onFrame: (connection: FrameConnection, frame: Frame) => void) {
    this.socket = socket;
    let skip = PREFACE_BYTES;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      const start = Math.min(skip, chunk.length);
      skip -= start;
      for (const one of this.#peer.read(chunk.subarray(start))) {
        this.frames.push(one);
        onFrame(this, one);
      }
    });
  }

  /** The body that has come on a stream. */
  body(streamId: number): Buffer {
    const data = this.frames.filter((one) => one.type === FrameType.DATA);
    return Buffer.concat(data.filter((one) => one.streamId === streamId).map((one) => one.payload));
  }

  /** The answer to a call of gRPC: an empty message. */
  answer(streamId: number, more: readonly [string, string][] = []): void {
    this.socket.write(
      Buffer.concat([
        this.#peer.headers(streamId, [
          [":status", "200"],
          ["content-type", "application/grpc+proto"],
          ...more,
        ]),
        frame(FrameType.DATA, 0, streamId, [0, 0, 0, 0, 0]),
        this.#peer.headers(streamId, [["grpc-status", "0"]], { endStream: true }),
      ]),
    );
  }

  /** The headers of an answer. */
  begin(streamId: number): void {
    const fields: [string, string][] = [
      [":status", "200"],
      ["content-type", "application/grpc+proto"],
    ];
    this.socket.write(this.#peer.headers(streamId, fields));
  }

  /** Settings, where they are not sent at once. */
  greet(): void {
    this.socket.write(settings());
    this.socket.write(settingsAck);
  }

  reset(streamId: number, code: number): void {
    this.socket.write(frame(FrameType.RST_STREAM, 0, streamId, uint32(code)));
  }

  goaway(lastStreamId: number, code = 0, debug = ""): void {
    const payload = [...uint32(lastStreamId), ...uint32(code), ...Buffer.from(debug)];
    this.socket.write(frame(FrameType.GOAWAY, 0, 0, payload));
  }

  answerPing({ payload }: Frame): void {
    this.socket.write(frame(FrameType.PING, 1, 0, payload));
  }
}

/** What a server does with each connection. */
export interface FrameServerOptions {
  /** What comes after the settings have been exchanged. */
  readonly onFrame?: (connection: FrameConnection, frame: Frame) => void;
  /** Settings to begin with; `false`: none are sent. */
  readonly settings?: [id: number, value: number][] | false;
  readonly tls?: boolean;
}

/** A server that speaks HTTP/2 frame by frame, until the test has finished. */
export interface FrameServer {
  readonly url: string;
  readonly connections: readonly FrameConnection[];
}

export async function frameServer(options: FrameServerOptions): Promise<FrameServer> {
  const connections: FrameConnection[] = [];
  const onSocket = (socket: Socket) => {
    const connection = new FrameConnection(socket, (from, one) => {
      if (one.type === FrameType.SETTINGS && one.flags === 0 && options.settings !== false) {
        socket.write(settingsAck);
      }
      options.onFrame?.(from, one);
    });
    connections.push(connection);
    if (options.settings !== false) socket.write(settings(...(options.settings ?? [])));
  };
  const server = options.tls
    ? createTlsServer({ ...selfSigned, ALPNProtocols: ["h2"] }, onSocket)
    : createServer(onSocket);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const { socket } of connections) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}`, connections };
}
