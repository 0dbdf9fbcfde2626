// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import { resumable } from "connect-stream";
import { ScriptError, scripted } from "connect-stream/testing";
import { describe, expect, it } from "vitest";
import { failure, gate } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";

const { download, upload, chat } = LabService.method;
const impatient = { patienceMs: 10 };

function clientOf(handler: Partial<LabServiceHandler>): LabServiceClient {
  const routes = createRouterTransport((router) => {
    registerLabService(router, handler);
  });
  return createLabServiceClient(routes);
}

describe("a scripted handler", () => {
  it("server streaming", async () => {
    const script = scripted(download, [
      { recv: { text: "a" } },
      "sendHeaders",
      { send: { number: 1n } },
      { send: { number: 2n } },
    ]);
    const numbers: bigint[] = [];
    for await (const { number } of clientOf({ download: script }).download({ text: "a" })) {
      numbers.push(number);
    }
    expect(numbers).toEqual([1n, 2n]);
    await script.done();
  });

  it("client streaming", async () => {
    const script = scripted(upload, [{ recv: { text: "a" } }, "end", { send: { number: 1n } }]);
    const call = clientOf({ upload: script }).upload();
    await call.send({ text: "a" });
    expect((await call.closeAndRecv()).number).toBe(1n);
    await script.done();
  });

  it("bidirectional, and a client that cancels", async () => {
    const script = scripted(chat, [
      { send: { text: "welcome" } },
      { recv: ({ text }) => text === "hello" },
      { send: { text: "hello" } },
      { fails: Code.Canceled },
    ]);
    const call = clientOf({ chat: script }).chat();
    expect((await call.recv())?.text).toBe("welcome");
    await call.send({ text: "hello" });
    expect((await call.recv())?.text).toBe("hello");
    call.close();
    await script.done();
  });

  it("a download whose client goes away", async () => {
    const script = scripted(download, [{ send: {} }, { fails: Code.Canceled }]);
    for await (const _ of clientOf({ download: script }).download({})) break;
    await script.done();
  });

  it("throws at the end, and waits for functions", async () => {
    const ready = gate();
    const script = scripted(download, [
      () => ready.promise,
      { throw: new ConnectError("full", Code.ResourceExhausted) },
    ]);
    const call = clientOf({ download: script }).download({});
    const failed = failure(call.recv());
    ready.resolve();
    expect((await failed).code).toBe(Code.ResourceExhausted);
    await script.done();
  });

  it("has a script for each call", async () => {
    const script = scripted(
      download,
      [
        { recv: { number: 0n } },
        { send: { number: 1n } },
        { throw: new ConnectError("", Code.Unavailable) },
      ],
      [{ recv: { number: 1n } }, { send: { number: 2n } }],
    );
    const watch = resumable(clientOf({ download: script }).download, {
      request: { number: 0n },
      next: ({ number }) => ({ number }),
      initialBackoffMs: 1,
    });
    const numbers: bigint[] = [];
    for await (const { number } of watch) numbers.push(number);
    expect(numbers).toEqual([1n, 2n]);
    await script.done();
  });
});

describe("what did not come true", () => {
  it("is told to the client, and by done", async () => {
    const script = scripted(chat, [{ recv: { text: "a" } }]);
    const call = clientOf({ chat: script }).chat();
    await call.send({ text: "b" });
    const { code, rawMessage } = await failure(call.recv());
    expect(code).toBe(Code.Internal);
    expect(rawMessage).toContain("step 1 of 1 (recv) of lab.v1.LabService.Chat");
    const error = await script.done().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ScriptError);
    expect(error).toMatchObject({ step: 1, actual: '{\n  text: "b",\n}' });
  });

  it("a call that did not come", async () => {
    const script = scripted(chat, []);
    await expect(script.done(impatient)).rejects.toThrow(
      "a call of lab.v1.LabService.Chat has not happened after 10 ms",
    );
  });

  it("a message that did not come", async () => {
    const script = scripted(chat, [{ send: {} }, { recv: {} }]);
    await using call = clientOf({ chat: script }).chat();
    await call.recv();
    await expect(script.done(impatient)).rejects.toThrow(
      "step 2 of 2 (recv) of lab.v1.LabService.Chat has not happened after 10 ms",
    );
  });

  it("a call too many", async () => {
    const client = clientOf({ chat: scripted(chat) });
    const error = await failure(client.chat().recv());
    expect(error.message).toBe(
      "[internal] lab.v1.LabService.Chat has 0 scripts, but was called once more",
    );
  });

  it("a step that does not exist, or is not the last", async () => {
    const early = scripted(chat, [{ throw: new Error("early") }, { send: {} }]);
    await failure(clientOf({ chat: early }).chat().recv());
    await expect(early.done()).rejects.toThrow("throw as the last");
  });
});
