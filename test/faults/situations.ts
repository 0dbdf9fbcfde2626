// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import type { HandlerContext } from "@connectrpc/connect";
import type { ClientStream, StreamCallOptions } from "connect-stream";
import { type Gate, gate, turn } from "../support/gate.js";
import type { LabServiceClient, LabServiceHandler } from "../support/gen/lab/v1/lab_stream.js";
import { bulk } from "../support/note.js";
import type { Settlements } from "./settlements.js";

/** One side of a call that got where its situation wants it. */
interface Ready {
  /** Resolves when the side is there. */
  readonly there: Gate<void>;
}

/** The server's side: what the handler tells, and how it is told to fail. */
export interface ServerSide extends Ready {
  readonly settlements: Settlements;
  /** Rejects when the handler is to throw. */
  readonly toThrow: Promise<never>;
  /** Told when a handler that does not read is to read again. */
  readonly readAgain: Gate<void>;
  context: HandlerContext | undefined;
}

/** A call in the middle of something: what it waits for when a fault hits it. */
export interface Situation {
  readonly name: string;
  readonly needsHttp2: boolean;
  /** The client does not read, so that it must before it can learn what a server said last. */
  readonly clientReadsLate: boolean;
  handler(side: ServerSide): Partial<LabServiceHandler>;
  /** Opens the call; resolves when the client's side is there. */
  call(client: LabServiceClient, options: StreamCallOptions, seen: Settlements): Promise<OpenCall>;
}

export interface OpenCall {
  close(): void;
  /** Receives to the end, whatever it is. */
  drain(): Promise<void>;
}

/** How long a send must have waited to be taken for held back, in milliseconds. */
const HELD_BACK_MS = 50;

const big = bulk(128 * 1024);
big.payload = randomBytes(128 * 1024);

/** Sends until a message is not accepted, and returns its promise. */
async function fill(send: () => Promise<void>): Promise<Promise<void>[]> {
  for (;;) {
    const sent = send();
    const waited = new Promise<"held back">((resolve) =>
      setTimeout(() => resolve("held back"), HELD_BACK_MS),
    );
    if ((await Promise.race([sent, waited])) === "held back") return [sent];
  }
}

/** Reads to the end, when told to. */
async function readLate(side: ServerSide, stream: { recv(): Promise<unknown> }): Promise<void> {
  await side.readAgain.promise;
  while (await stream.recv());
}

/** Rejects when the call is aborted. */
function gone({ signal }: HandlerContext): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** Watches what every handler has; the handler's own promise is that of `body`. */
function enter(side: ServerSide, context: HandlerContext, body: Promise<unknown>): Promise<void> {
  side.context = context;
  const running = Promise.race([body, gone(context), side.toThrow]).then(() => undefined);
  side.settlements.watch("server handler", running);
  return running;
}

function watchClient(stream: ClientStream, seen: Settlements): void {
  seen.watch("client header", stream.header);
  seen.watch("client trailer", stream.trailer);
  seen.watch("client outcome", stream.outcome);
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  try {
    for await (const _ of stream);
  } catch {
    // The outcome tells.
  }
}

const noReply = { drain: () => Promise.resolve() };

/** Upload and chat of a client that is to be seen waiting for a message or for the response. */
export const situations: readonly Situation[] = [
  {
    name: "a download before its first message",
    needsHttp2: false,
    clientReadsLate: false,
    handler: (side) => ({
      download(_request, stream) {
        side.there.resolve();
        return enter(side, stream.context, gone(stream.context));
      },
    }),
    async call(client, options, seen) {
      const stream = client.download({}, options);
      watchClient(stream, seen);
      seen.watch("client recv", stream.recv());
      seen.watch("client recv 2", stream.recv());
      return { close: () => stream.close(), drain: () => drain(stream) };
    },
  },
  {
    name: "a download after its first message",
    needsHttp2: false,
    clientReadsLate: false,
    handler: (side) => ({
      async download(_request, stream) {
        await stream.send({ text: "first" });
        side.there.resolve();
        return enter(side, stream.context, gone(stream.context));
      },
    }),
    async call(client, options, seen) {
      const stream = client.download({}, options);
      watchClient(stream, seen);
      await stream.recv();
      seen.watch("client recv", stream.recv());
      return { close: () => stream.close(), drain: () => drain(stream) };
    },
  },
  {
    name: "a download whose client does not read",
    needsHttp2: false,
    clientReadsLate: true,
    handler: (side) => ({
      async download(_request, stream) {
        const waiting = await fill(() => stream.send(big));
        for (const send of [...waiting, stream.send(big)]) {
          side.settlements.watch("server send", send);
        }
        side.there.resolve();
        return enter(side, stream.context, gone(stream.context));
      },
    }),
    async call(client, options, seen) {
      const stream = client.download({}, options);
      watchClient(stream, seen);
      return { close: () => stream.close(), drain: () => drain(stream) };
    },
  },
  {
    name: "an upload that goes on",
    needsHttp2: false,
    clientReadsLate: false,
    handler: (side) => ({
      async upload(stream) {
        await stream.recv();
        const recv = stream.recv();
        side.settlements.watch("server recv", recv);
        side.settlements.watch("server recv 2", stream.recv());
        side.there.resolve();
        return enter(side, stream.context, recv);
      },
    }),
    async call(client, options, seen) {
      const stream = client.upload(options);
      watchClient(stream, seen);
      await stream.send({ text: "first" });
      return { ...noReply, close: () => stream.close() };
    },
  },
  {
    name: "an upload whose server does not read",
    needsHttp2: false,
    clientReadsLate: false,
    handler: (side) => ({
      upload(stream) {
        side.there.resolve();
        return enter(side, stream.context, readLate(side, stream));
      },
    }),
    async call(client, options, seen) {
      const stream = client.upload(options);
      watchClient(stream, seen);
      const waiting = await fill(() => stream.send(big));
      // No half-close: over HTTP/1.1 it may yet get through, and what follows it would come second.
      for (const send of [...waiting, stream.send(big)]) seen.watch("client send", send);
      return { ...noReply, close: () => stream.close() };
    },
  },
  {
    name: "an upload that waits for its response",
    needsHttp2: false,
    clientReadsLate: false,
    handler: (side) => ({
      async upload(stream) {
        while (await stream.recv());
        side.there.resolve();
        return enter(side, stream.context, gone(stream.context));
      },
    }),
    async call(client, options, seen) {
      const stream = client.upload(options);
      watchClient(stream, seen);
      await stream.send({ text: "only" });
      seen.watch("client closeAndRecv", stream.closeAndRecv());
      return { ...noReply, close: () => stream.close() };
    },
  },
  {
    name: "a chat in which both sides wait",
    needsHttp2: true,
    clientReadsLate: false,
    handler: (side) => ({
      async chat(stream) {
        stream.sendHeaders();
        const recv = stream.recv();
        side.settlements.watch("server recv", recv);
        side.there.resolve();
        return enter(side, stream.context, recv);
      },
    }),
    async call(client, options, seen) {
      const stream = client.chat(options);
      watchClient(stream, seen);
      await stream.header;
      seen.watch("client recv", stream.recv());
      return { close: () => stream.close(), drain: () => drain(stream) };
    },
  },
  {
    name: "a chat in which neither side reads",
    needsHttp2: true,
    clientReadsLate: true,
    handler: (side) => ({
      async chat(stream) {
        const waiting = await fill(() => stream.send(big));
        for (const send of waiting) side.settlements.watch("server send", send);
        side.there.resolve();
        return enter(side, stream.context, gone(stream.context));
      },
    }),
    async call(client, options, seen) {
      const stream = client.chat(options);
      watchClient(stream, seen);
      for (const send of await fill(() => stream.send(big))) seen.watch("client send", send);
      seen.watch("client closeSend", stream.closeSend());
      return { close: () => stream.close(), drain: () => drain(stream) };
    },
  },
  {
    name: "a chat whose client has half-closed",
    needsHttp2: true,
    clientReadsLate: false,
    handler: (side) => ({
      async chat(stream) {
        while (await stream.recv());
        side.there.resolve();
        return enter(side, stream.context, gone(stream.context));
      },
    }),
    async call(client, options, seen) {
      const stream = client.chat(options);
      watchClient(stream, seen);
      await stream.closeSend();
      seen.watch("client recv", stream.recv());
      return { close: () => stream.close(), drain: () => drain(stream) };
    },
  },
];

/** A fresh server's side. */
export function serverSide(settlements: Settlements, toThrow: Promise<never>): ServerSide {
  return { settlements, toThrow, there: gate(), readAgain: gate(), context: undefined };
}

/** Lets what is on its way arrive. */
export async function rest(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}
