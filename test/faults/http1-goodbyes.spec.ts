// SPDX-License-Identifier: Apache-2.0
// Peers over HTTP/1.1 that do not go when they should, and some that are gone and have not said so.
import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import { connect, Socket } from "node:net";
import * as tls from "node:tls";
import { createStreamTransport, type RunningServer, serve } from "connect-stream/node";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { gate, until } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { selfSigned } from "../support/tls.js";
import { echo } from "../support/watched.js";

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** A peer that stays when the server ends its half. */
async function dial({ port }: RunningServer, secure: boolean): Promise<Socket> {
  const target = { port, host: "127.0.0.1", allowHalfOpen: true };
  const socket = secure ? tls.connect({ ...target, rejectUnauthorized: false }) : connect(target);
  sockets.push(socket.on("error", () => undefined));
  await once(socket, secure ? "secureConnect" : "connect");
  return socket.resume();
}

/** Resolves when the server has destroyed the connection, and not only its half. */
async function destroyed(socket: Socket, bytes: string): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const timer = setInterval(() => socket.write(bytes), 5);
  await closed;
  clearInterval(timer);
}

const head = "POST /lab.v1.LabService/Unary HTTP/1.1\r\nhost: a\r\n";
const call = `${head}content-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;

/** What each has sent, and what it goes on to send. */
const peers: [string, string, string][] = [
  ["ignores the server's FIN after a call", call, "\r"],
  ["never completes its first head", `${head}x-a: `, "a"],
  ["never completes its second head", `${call}${head}x-a: `, "a"],
];

describe.each([false, true])("TLS: %s", (secure) => {
  const start = async (idleTimeoutMs: number) => {
    const server = await serve({
      ...(secure && { tls: selfSigned }),
      idleTimeoutMs,
      routes: (router) => registerLabService(router, echo),
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    return server;
  };

  it.each(peers)("idleTimeoutMs destroys a peer that %s", async (_, first, then) => {
    const socket = await dial(await start(50), secure);
    socket.write(first);
    await destroyed(socket, then);
  });

  it.each(peers)("a drain destroys a peer that %s", async (_, first, then) => {
    const server = await start(0);
    const socket = await dial(server, secure);
    const answered = first.startsWith(call) ? once(socket, "data") : undefined;
    socket.write(first);
    await answered;
    const gone = destroyed(socket, then);
    await server.close();
    await gone;
  });

  it("idleTimeoutMs leaves a connection alone that has an open call", async () => {
    const release = gate();
    const entered = gate();
    const server = await serve({
      ...(secure && { tls: selfSigned }),
      idleTimeoutMs: 20,
      routes: (router) =>
        registerLabService(router, {
          async unary(request) {
            entered.resolve();
            await release.promise;
            return request;
          },
        }),
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const socket = await dial(server, secure);
    socket.write(call);
    await entered.promise;
    // Another that begins later is closed first.
    await destroyed(await dial(server, secure), "a");
    release.resolve();
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1.1 200 /);
  });
});

it("behind TLS, who does not shake hands, or says nothing then, has ten seconds", async () => {
  const server = await serve({
    tls: selfSigned,
    routes: (router) => void registerLabService(router, {}),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const silent = [connect(server.port, "127.0.0.1"), await dial(server, true)];
  const ended = silent.map((socket) => once(socket.resume(), "end"));
  await Promise.all(ended);
  for (const socket of silent) socket.destroy();
}, 60_000);

describe("TCP keepalive", () => {
  it.each(["http", "https"])("is on at both ends of %s over HTTP/1.1", async (scheme) => {
    const asked = vi.spyOn(Socket.prototype, "setKeepAlive");
    onTestFinished(() => asked.mockRestore());
    const server = await serve({
      ...(scheme === "https" && { tls: selfSigned }),
      routes: (router) => registerLabService(router, echo),
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const agent = scheme === "https" ? new https.Agent() : new http.Agent();
    const transport = createStreamTransport({
      baseUrl: server.url,
      protocol: "connect",
      httpVersion: "1.1",
      nodeOptions: { agent, rejectUnauthorized: false },
    });
    await createLabServiceClient(transport).unary({});
    await until(() => asked.mock.calls.length >= 2);
    expect(asked.mock.calls).toEqual([
      [true, 15_000],
      [true, 15_000],
    ]);
    expect(new Set(asked.mock.contexts).size).toBe(2);
  });
});
