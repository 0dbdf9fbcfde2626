// SPDX-License-Identifier: Apache-2.0
// The newest call of each kind is kept for its shape: it must not keep what was sent over it.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

let collectGarbage: () => void;

beforeAll(() => {
  setFlagsFromString("--expose-gc");
  collectGarbage = runInNewContext("gc");
});

afterAll(() => setFlagsFromString("--no-expose-gc"));

/** Messages, and their bytes, by who had them. */
type Seen = Map<string, WeakRef<object>>;

function note(): Note {
  return create(NoteSchema, { payload: new Uint8Array(100_000).fill(7) });
}

function watched(seen: Seen, who: string, message: Note): Note {
  seen.set(who, new WeakRef(message));
  seen.set(`${who}, its bytes`, new WeakRef(message.payload.buffer));
  return message;
}

async function left(seen: Seen): Promise<string[]> {
  for (let round = 0; round < 20; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collectGarbage();
  }
  return [...seen].filter(([, ref]) => ref.deref()).map(([who]) => who);
}

/** What there is of a client beside its calls. */
const clients = [
  ["a plain client", {}],
  ["a client with retries", { retry: { maxAttempts: 3 } }],
] as const;

describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
  it.each(clients)("%s keeps no message", async (_, options) => {
    const seen: Seen = new Map();
    const reply = (who: string) => watched(seen, who, note());
    const got = (who: string, message: Note | undefined) => {
      if (message) watched(seen, who, message);
    };
    await using lab = await startLab(
      {
        async unary(request) {
          got("unary request, in the handler", request);
          return reply("unary response, in the handler");
        },
        async download(request, stream) {
          got("download request, in the handler", request);
          await stream.send(reply("download response, in the handler"));
        },
        async upload(stream) {
          got("upload request, in the handler", await stream.recv());
          await stream.sendAndClose(reply("upload response, in the handler"));
        },
        async chat(stream) {
          got("chat request, in the handler", await stream.recv());
          await stream.send(reply("chat response, in the handler"));
        },
      },
      { http: wire.http },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire), options);
    const talk = async () => {
      got("unary response", await client.unary(reply("unary request")));
      const download = client.download(reply("download request"));
      got("download response", await download.recv());
      expect(await download.recv()).toBeUndefined();
      const upload = client.upload();
      await upload.send(reply("upload request"));
      got("upload response", await upload.closeAndRecv());
      if (wire.http === "1.1") return;
      const chat = client.chat();
      await chat.send(reply("chat request"));
      got("chat response", await chat.recv());
      void chat.closeSend();
      while (await chat.recv());
    };
    await talk();
    expect(seen.size).toBeGreaterThan(20);
    expect(await left(seen)).toEqual([]);
  });

  it.each(clients)("%s keeps no message of a call that it breaks off", async (_, options) => {
    const seen: Seen = new Map();
    let sent = 0;
    const messages = (who: string) => () => watched(seen, `${who} ${sent++}`, note());
    await using lab = await startLab(
      {
        async download(_, stream) {
          const message = messages("download response");
          while (!stream.context.signal.aborted) await stream.send(message()).catch(() => {});
        },
        // Reads nothing.
        async upload({ context: { signal } }) {
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
      { http: wire.http },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire), options);
    const talk = async () => {
      const download = client.download({});
      await download.recv();
      download.close();
      await lab.idle();
      // A side that does not read does not notice over HTTP/1.1 that the other one is gone.
      if (wire.http === "1.1") return;
      const upload = client.upload();
      const message = messages("upload request");
      for (let i = 0; i < 10; i++) upload.send(message()).catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 50));
      upload.close();
      await lab.idle();
    };
    await talk();
    expect(seen.size).toBeGreaterThan(2);
    expect(await left(seen)).toEqual([]);
  });
});
