// SPDX-License-Identifier: Apache-2.0
// Servers over HTTP/1.1 that answer with 1xx: an interim response is none, however many there are.
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { connectOn1, grpcWebOn1 } from "../support/wires.js";

type Client = ReturnType<typeof createLabServiceClient>;

const interim = (line: string): string => `HTTP/1.1 ${line}\r\n\r\n`;
const upgrade = interim("101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade");

/** As fast as the client takes it, and for ever. */
function flood(text: string) {
  const chunk = text.repeat(50);
  return (socket: Socket) => {
    const fill = () => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on("drain", fill);
    fill();
  };
}

const endless = expect.stringMatching(/^http:.* sends only interim responses \(HTTP 1xx\)$/);
const switched = expect.stringMatching(/^HTTP 101 from http:/);

const servers: readonly (readonly [string, (socket: Socket) => void, unknown])[] = [
  ["101", (socket) => socket.write(upgrade), switched],
  ["101 that names no protocol", (socket) => socket.write(interim("101 Switching")), switched],
  ["100 for ever", flood(interim("100 Continue")), endless],
  ["102 for ever", flood(interim("102 Processing")), endless],
  ["103 for ever", flood(interim("103 Early Hints\r\nlink: </a>")), endless],
  ["a code that nobody knows for ever", flood(interim("199 Soon")), endless],
];

const calls: readonly (readonly [string, (client: Client) => Promise<unknown>])[] = [
  ["unary", (client) => client.unary({})],
  ["download", (client) => client.download({}).recv()],
  ["upload", (client) => client.upload().closeAndRecv()],
];

/** Listens, and has `answer` write to each connection that asks something. */
async function listen(answer: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.each([connectOn1, grpcWebOn1].map((wire) => [wire.name, wire] as const))(
  "%s",
  (_, wire) => {
    describe.each(calls)("%s", (kind, call) => {
      it.each(servers)("ends with an error at %s", async (_, answer, rawMessage) => {
        await using server = await listen(answer);
        const client = createLabServiceClient(ourTransport(server.url, wire));
        expect(await failure(call(client))).toMatchObject({ code: Code.Unknown, rawMessage });
      });

      it("takes the response that follows a few", async () => {
        const denied = "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
        await using server = await listen((socket) => {
          socket.write(interim("100 Continue") + interim("103 Early Hints").repeat(90) + denied);
        });
        const client = createLabServiceClient(ourTransport(server.url, wire));
        const error = await failure(call(client));
        expect(error.code, kind).toBe(Code.PermissionDenied);
      });
    });
  },
);
