// SPDX-License-Identifier: Apache-2.0
// One connection over HTTP/1.1 on which a client sends requests without waiting for responses.
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import * as tls from "node:tls";
import { Code } from "@connectrpc/connect";
import { type ServeOptions, serve, streamNodeAdapter } from "connect-stream/node";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { atRest, gate, until } from "../support/gate.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { selfSigned } from "../support/tls.js";

/** A server's end, as a test sees it. */
interface Hosted {
  dial(): Promise<Socket>;
}

type Start = (
  handler: Partial<LabServiceHandler>,
  options?: Partial<ServeOptions>,
) => Promise<Hosted>;

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function dialed(socket: Socket, event: string): Promise<Socket> {
  sockets.push(socket.on("error", () => undefined));
  await once(socket, event);
  return socket;
}

/** Whatever it is that closes it. */
function close(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

const serving =
  (secure: boolean): Start =>
  async (handler, options) => {
    const server = await serve({
      ...options,
      ...(secure && { tls: selfSigned }),
      routes: (router) => registerLabService(router, handler),
    });
    // In the grace time it waits for every call that it has not seen end.
    onTestFinished(() => server.close({ graceMs: 60_000 }));
    const { port } = server;
    return {
      dial: () =>
        secure
          ? dialed(tls.connect({ port, rejectUnauthorized: false }), "secureConnect")
          : dialed(connect(port, "127.0.0.1"), "connect"),
    };
  };

const adapter: Start = async (handler) => {
  const server = createServer(
    streamNodeAdapter({ routes: (router) => registerLabService(router, handler) }),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { dial: () => dialed(connect(port, "127.0.0.1"), "connect") };
};

const hosts: [string, Start][] = [
  ["serve(), clear text", serving(false)],
  ["serve(), TLS", serving(true)],
  ["streamNodeAdapter", adapter],
];

function unary(text: string): string {
  const body = JSON.stringify({ text });
  return `POST /lab.v1.LabService/Unary HTTP/1.1\r\nhost: lab\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** An upload of no message. */
const upload =
  "POST /lab.v1.LabService/Upload HTTP/1.1\r\nhost: lab\r\ncontent-type: application/connect+json\r\ncontent-length: 0\r\n\r\n";

/** All that comes back. */
function answers(socket: Socket): { text: string } {
  const all = { text: "" };
  socket.on("data", (chunk) => {
    all.text += chunk.toString("latin1");
  });
  return all;
}

describe.each(hosts)("%s", (_, start) => {
  it("serves pipelined requests one after the other, and answers in order", async () => {
    let running = 0;
    let most = 0;
    const { dial } = await start({
      async unary({ text }) {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return { text };
      },
    });
    const socket = await dial();
    const got = answers(socket);
    const texts = Array.from({ length: 200 }, (_, i) => `<${i}>`);
    socket.write(texts.map(unary).join(""));
    await until(() => got.text.includes("<199>"));
    expect(got.text.match(/<\d+>/g)).toEqual(texts);
    expect(most).toBe(1);
    // And another that comes when all is quiet.
    socket.write(unary("<last>"));
    await until(() => got.text.includes("<last>"));
  });

  it("tells the handler of a client that leaves with requests behind it, and runs no other", async () => {
    const entered = gate();
    const ended = gate<unknown>();
    let entries = 0;
    const { dial } = await start({
      async unary(_request, { signal }) {
        entries++;
        entered.resolve();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended.resolve(signal.reason);
        throw signal.reason;
      },
    });
    const socket = await dial();
    // What is no call has an answer that waits, too.
    const none = unary("none").replace("Unary", "None");
    socket.write(unary("first") + none.repeat(100) + unary("second").repeat(100));
    await entered.promise;
    socket.destroy();
    expect(await ended.promise).toMatchObject({ code: Code.Canceled });
    expect(entries).toBe(1);
  });

  it("tells the handler of a client that leaves in the middle of a large request behind it", async () => {
    const ended = gate<unknown>();
    const { dial } = await start({
      async unary(_request, { signal }) {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended.resolve(signal.reason);
        throw signal.reason;
      },
    });
    const socket = await dial();
    socket.write(unary("first") + upload.replace("length: 0", "length: 9999999"));
    socket.write(Buffer.alloc(1024 * 1024), () => socket.destroy());
    expect(await ended.promise).toMatchObject({ code: Code.Canceled });
  });

  it("serves a small request behind a response that waits for its reader", async () => {
    let sent = 0;
    const { dial } = await start({
      async download(_request, stream) {
        for (; sent < 200; sent++) await stream.send({ text: "a".repeat(100_000) });
      },
      unary: async (request) => request,
    });
    const socket = await dial();
    socket.pause();
    const body = Buffer.concat([Buffer.from([0, 0, 0, 0, 2]), Buffer.from("{}")]);
    socket.write(upload.replace("Upload", "Download").replace("length: 0", "length: 7"));
    socket.write(body);
    await until(() => sent > 0);
    expect(await atRest(() => sent)).toBeLessThan(200);
    socket.write(unary("<behind>"));
    const got = answers(socket);
    socket.resume();
    await until(() => got.text.includes("<behind>"));
  });

  it("closes a connection with more requests than it may have open, and ends its call", async () => {
    let entries = 0;
    const ended = gate<unknown>();
    const { dial } = await start({
      async upload({ context: { signal } }) {
        entries++;
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended.resolve(signal.reason);
        throw signal.reason;
      },
    });
    const socket = await dial();
    socket.resume();
    const closed = close(socket);
    for (let i = 0; i < 50; i++) socket.write(upload.repeat(1000));
    await closed;
    expect(await ended.promise).toMatchObject({ code: Code.Canceled });
    expect(entries).toBe(1);
  });
});

it("maxConcurrentStreams is the limit of serve()", async () => {
  const release = gate();
  const { dial } = await serving(false)(
    {
      async unary(request) {
        await release.promise;
        return request;
      },
    },
    { maxConcurrentStreams: 3 },
  );
  const [within, beyond] = [await dial(), await dial()];
  const got = answers(within);
  within.write(unary("<1>") + unary("<2>") + unary("<3>"));
  const closed = close(beyond.resume());
  beyond.write(unary("<1>") + unary("<2>") + unary("<3>") + unary("<4>"));
  await closed;
  release.resolve();
  await until(() => got.text.includes("<3>"));
  expect(got.text.match(/<\d>/g)).toEqual(["<1>", "<2>", "<3>"]);
});
