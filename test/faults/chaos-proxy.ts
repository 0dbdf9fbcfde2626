// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { turn } from "../support/gate.js";

/** Whom a fault is for. */
export type Side = "client" | "server";

/** Where bytes go: up to the server, or down to the client. */
export type Direction = "up" | "down";

/** What happens to the bytes of a proxy; may be changed while they travel. */
export interface Chaos {
  /** Holds every piece back this long. */
  delayMs: number;
  /** Passes every byte on by itself. */
  slices: boolean;
  /** Passes nothing on, not even the end of a connection, and says nothing. */
  silent: boolean;
  /** Cuts both sides after so many bytes in a direction, counted over all connections. */
  cutAfter: Record<Direction, number>;
}

/** A TCP proxy that does harm. */
export interface ChaosProxy extends AsyncDisposable {
  readonly url: string;
  readonly chaos: Chaos;
  /** Bytes passed on so far. */
  readonly passed: Readonly<Record<Direction, number>>;
  /** Breaks all connections with RST: on both sides, or on one while the other hears nothing. */
  cut(side?: Side): void;
  /** Ends all connections on both sides with FIN. */
  hangUp(): void;
}

interface Connection {
  readonly near: Socket;
  readonly far: Socket;
  /** One of its ends is gone, and the other must not learn of it. */
  halfOpen: boolean;
}

/** Listens on a port of its own in front of `port`. */
export async function startChaosProxy(port: number): Promise<ChaosProxy> {
  const chaos: Chaos = {
    delayMs: 0,
    slices: false,
    silent: false,
    cutAfter: { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY },
  };
  const passed = { up: 0, down: 0 };
  const connections = new Set<Connection>();
  const cut = (side?: Side) => {
    for (const connection of connections) {
      connection.halfOpen = side !== undefined;
      if (side !== "server") connection.near.resetAndDestroy();
      if (side !== "client") connection.far.resetAndDestroy();
    }
  };
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = dial({ port, host: "127.0.0.1", allowHalfOpen: true });
    const connection = { near, far, halfOpen: false };
    connections.add(connection);
    const forget = () => {
      if (near.destroyed && far.destroyed) connections.delete(connection);
    };
    for (const socket of [near, far]) socket.setNoDelay().on("close", forget);
    const shared = { connection, chaos, passed, cut };
    void forward({ ...shared, from: near, to: far, direction: "up" });
    void forward({ ...shared, from: far, to: near, direction: "down" });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    chaos,
    passed,
    cut,
    hangUp() {
      for (const { near, far } of connections) {
        near.end();
        far.end();
      }
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const { near, far } of connections) {
        near.destroy();
        far.destroy();
      }
      await closed;
    },
  };
}

interface Way {
  readonly connection: Connection;
  readonly chaos: Chaos;
  readonly passed: Record<Direction, number>;
  readonly from: Socket;
  readonly to: Socket;
  readonly direction: Direction;
  cut(): void;
}

async function forward(way: Way): Promise<void> {
  const { from, to, connection, chaos } = way;
  to.on("error", () => undefined);
  try {
    for await (const chunk of from.iterator({ destroyOnReturn: false })) {
      if (chaos.silent) continue;
      await pass(way, chunk);
    }
    if (!connection.halfOpen && !chaos.silent) to.end();
  } catch {
    if (!connection.halfOpen && !chaos.silent) to.resetAndDestroy();
  }
}

async function pass(way: Way, chunk: Buffer): Promise<void> {
  const { chaos, passed, direction, to } = way;
  if (chaos.delayMs > 0) await delay(chaos.delayMs);
  const left = chaos.cutAfter[direction] - passed[direction];
  const piece = chunk.subarray(0, Math.max(0, left));
  passed[direction] += piece.byteLength;
  if (chaos.slices) {
    for (const byte of piece) {
      await write(to, Uint8Array.of(byte));
      await turn();
    }
  } else {
    await write(to, piece);
  }
  if (passed[direction] < chaos.cutAfter[direction]) return;
  // The last bytes have to be on their way: a reset drops what waits.
  await turn();
  way.cut();
}

async function write(to: Socket, bytes: Uint8Array): Promise<void> {
  if (to.destroyed || to.writableEnded) return;
  if (to.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      to.off("drain", done);
      to.off("close", done);
      resolve();
    };
    to.on("drain", done);
    to.on("close", done);
  });
}
