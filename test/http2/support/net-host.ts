// SPDX-License-Identifier: Apache-2.0
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import {
  ClientConnection,
  type ConnectionEvents,
  type Http2Connection,
  type Http2Host,
  type Http2Options,
  ServerConnection,
  type ServerConnectionEvents,
  Slab,
} from "../../../runtime/src/http2/index.js";

const slab = new Slab((bytes) => Buffer.allocUnsafeSlow(bytes));

/** Events of a connection that nobody listens to. */
export const noConnectionEvents: ConnectionEvents = {
  onViolation() {},
  onGoaway() {},
  onSettings() {},
  onStreamClosed() {},
  onClose() {},
};

/** A host on a socket of Node. */
export function netHost(socket: Socket): Http2Host {
  return {
    slab,
    now: () => performance.now(),
    defer: (task) => process.nextTick(task),
    setTimer: (task, ms) => setTimeout(task, ms).unref(),
    clearTimer: (timer) => clearTimeout(timer as NodeJS.Timeout),
    write: (pieces) => write(socket, pieces),
    end: () => {
      socket.end();
      socket.setTimeout(1000, () => socket.destroy());
    },
  };
}

function write(socket: Socket, pieces: readonly Uint8Array[]): boolean {
  const [first] = pieces;
  if (first && pieces.length === 1) return socket.write(first);
  let room = true;
  socket.cork();
  for (const piece of pieces) room = socket.write(piece);
  socket.uncork();
  return room;
}

/** Connects a socket and its connection. */
export function bind(socket: Socket, connection: Http2Connection): void {
  socket.setNoDelay(true);
  socket.on("data", (chunk: Buffer) => connection.receive(chunk));
  socket.on("drain", () => connection.drained());
  socket.on("end", () => connection.transportClosed("the peer closed the connection"));
  socket.on("close", () => connection.transportClosed("the connection was lost"));
  socket.on("error", () => {});
}

/** A server on a free port. `events` makes those of each connection. */
export async function listen(
  events: (connection: () => ServerConnection) => ServerConnectionEvents,
  options: Http2Options = {},
): Promise<{ server: Server; port: number; connections: Set<ServerConnection> }> {
  const connections = new Set<ServerConnection>();
  const server = createServer({ noDelay: true }, (socket) => {
    const connection: ServerConnection = new ServerConnection(
      netHost(socket),
      events(() => connection),
      options,
    );
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
    bind(socket, connection);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, port: (server.address() as AddressInfo).port, connections };
}

/** A client on a port of this machine. */
export function dial(
  port: number,
  events: Partial<ConnectionEvents> = {},
  options: Http2Options = {},
): { connection: ClientConnection; socket: Socket } {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const connection = new ClientConnection(
    netHost(socket),
    { ...noConnectionEvents, ...events },
    options,
  );
  bind(socket, connection);
  return { connection, socket };
}
