// SPDX-License-Identifier: Apache-2.0
// How calls end on `createFetchHandler`, as hosts tell it: with hand-made requests and responses.
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { fetchFormats } from "../support/clients/fetch-transport.js";
import { gate } from "../support/gate.js";
import { note } from "../support/note.js";
import { envelope, noteEnvelope } from "../support/raw.js";
import { Recorder } from "../support/recorder.js";
import { clientOf, echo, labHandler } from "./harness.js";
import { chat, chatting, openBody, receiveAll, requestOf } from "./requests.js";

const [connect] = fetchFormats;
if (!connect) throw new Error("no format");

const canceled = { code: Code.Canceled };

describe("a client that leaves", () => {
  it("cancels the body of the response", async () => {
    const { chat: method, ended } = chatting(receiveAll);
    const { body, response } = await chat(labHandler({ chat: method }));
    await response.body?.cancel();
    expect(await ended).toMatchObject(canceled);
    await body.cancelled;
  });

  it("aborts the request, after the response has begun", async () => {
    const controller = new AbortController();
    const { chat: method, ended } = chatting(receiveAll);
    const { response } = await chat(labHandler({ chat: method }), controller.signal);
    controller.abort();
    expect(await ended).toMatchObject(canceled);
    await expect(response.arrayBuffer()).rejects.toThrow();
  });

  it("aborts the request, before the response has begun", async () => {
    const controller = new AbortController();
    const entered = gate<void>();
    const { chat: method, ended } = chatting(async (stream) => {
      entered.resolve();
      for await (const _ of stream);
    });
    const response = chat(labHandler({ chat: method }), controller.signal);
    await entered.promise;
    controller.abort();
    expect(await ended).toMatchObject(canceled);
    expect((await response).response.status).toBe(499);
  });

  it("has aborted the request before it is served: the handler does not run", async () => {
    let ran = false;
    const handler = labHandler({
      chat: async () => {
        ran = true;
      },
    });
    const { response } = await chat(handler, AbortSignal.abort());
    expect(response.status).toBe(499);
    expect(ran).toBe(false);
  });

  it("breaks the body of the request off: half an upload is none", async () => {
    const { chat: method, ended } = chatting(receiveAll);
    const { body } = await chat(labHandler({ chat: method }));
    body.write(noteEnvelope());
    body.fail();
    expect(await ended).toMatchObject(canceled);
  });

  it("ends the body and aborts just after: half an upload is none", async () => {
    const controller = new AbortController();
    const { chat: method, ended } = chatting(receiveAll);
    const { body } = await chat(labHandler({ chat: method }), controller.signal);
    body.write(noteEnvelope());
    body.end();
    setImmediate(() => controller.abort());
    expect(await ended).toMatchObject(canceled);
  });

  it("is gone when the call is over: the outcome stays", async () => {
    const observer = new Recorder();
    const controller = new AbortController();
    const handler = labHandler({ chat: receiveAll }, { service: { observer } });
    const { body, response } = await chat(handler, controller.signal);
    body.end();
    await response.arrayBuffer();
    controller.abort();
    expect((await observer.only()).outcome).toMatchObject({ code: undefined, endedBy: "server" });
  });
});

describe("the end of the server", () => {
  it("tells open calls, and refuses new ones", async () => {
    const shutdown = new AbortController();
    const options = { handler: { shutdownSignal: shutdown.signal } };
    const client = clientOf({ chat: receiveAll }, connect, options);
    const unavailable = { code: Code.Unavailable };
    const call = client.chat();
    await call.header;
    shutdown.abort();
    await expect(call.recv()).rejects.toMatchObject(unavailable);
    await expect(client.chat().recv()).rejects.toMatchObject(unavailable);
  });

  it("ends a call whose client still sends, and then its request", async () => {
    const body = openBody();
    const handler = labHandler({ upload: (stream) => stream.sendAndClose(note("enough")) });
    const response = await handler(requestOf({ rpc: "Upload", body: body.stream }));
    expect(new TextDecoder().decode(await response.arrayBuffer())).toContain("enough");
    // What is still sent is read for a while, so that the client listens.
    body.write(noteEnvelope());
    await body.cancelled;
  });
});

describe("what is malformed", () => {
  it.each([
    ["an envelope that is cut off", noteEnvelope().subarray(0, 7), "incomplete envelope"],
    ["a message that is none", envelope(new Uint8Array([0xff])), "premature EOF"],
  ])("%s", async (_, bytes, text) => {
    const response = await labHandler(echo)(
      requestOf({ rpc: "Chat", body: new Uint8Array(bytes) }),
    );
    expect(response.status).toBe(200);
    const answer = await response.text();
    expect(answer).toContain('"code":"invalid_argument"');
    expect(answer).toContain(text);
  });
});
