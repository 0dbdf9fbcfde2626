// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { pair } from "../support/fixture.js";
import { observed } from "../support/gate.js";
import type { UploadServerStream } from "../support/gen/lab/v1/lab_stream.js";
import { note } from "../support/note.js";

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };
  const fullDuplex = wire.http === "2";

  it("a unary call gives its response", async () => {
    await using p = await pair(combination, {
      unary: async ({ text }) => ({ text: `hello ${text}` }),
    });
    expect((await p.client.unary({ text: "world" })).text).toBe("hello world");
  });

  it("a download gives all messages in order, then the end, again and again", async () => {
    const count = 100;
    await using p = await pair(combination, {
      async download({ number }, stream) {
        for (let i = 0n; i < number; i++) await stream.send({ number: i });
      },
    });
    const call = p.client.download({ number: BigInt(count) });
    const numbers = (await all(call)).map(({ number }) => Number(number));
    expect(numbers).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(await call.recv()).toBeUndefined();
    await p.lab.idle();
  });

  it("messages that a handler sends without awaiting arrive in order", async () => {
    await using p = await pair(combination, {
      async download(_request, stream) {
        for (let i = 0n; i < 1000n; i++) void stream.send({ number: i });
      },
    });
    const numbers = (await all(p.client.download({}))).map(({ number }) => Number(number));
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });

  it("an upload's half-close is the end of the stream for the handler, again and again", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      const texts: string[] = [];
      for await (const { text } of stream) texts.push(text);
      expect(await stream.recv()).toBeUndefined();
      expect(await stream.recv()).toBeUndefined();
      expect(stream.context.signal.aborted).toBe(false);
      await stream.sendAndClose({ text: texts.join() });
    });
    await using p = await pair(combination, { upload: handler });
    const call = p.client.upload();
    for (const text of ["a", "b", "c"]) await call.send({ text });
    call.closeSend();
    expect((await call.recv())?.text).toBe("a,b,c");
    expect(await ended).toBeUndefined();
    await p.lab.idle();
  });

  it("an upload without a message is one", async () => {
    await using p = await pair(combination, {
      async upload(stream) {
        const first = await stream.recv();
        await stream.sendAndClose({ text: String(first) });
      },
    });
    const call = p.client.upload();
    call.closeSend();
    expect((await call.recv())?.text).toBe("undefined");
  });

  if (fullDuplex)
    it("a chat goes back and forth, and on after the half-close", async () => {
      await using p = await pair(combination, {
        async chat(stream) {
          for await (const { text } of stream) await stream.send({ text: `${text}!` });
          await stream.send(note("bye"));
          await stream.send(note("bye"));
        },
      });
      const call = p.client.chat();
      for (const text of ["a", "b", "c"]) {
        await call.send({ text });
        expect((await call.recv())?.text).toBe(`${text}!`);
      }
      call.closeSend();
      expect((await all(call)).map(({ text }) => text)).toEqual(["bye", "bye"]);
      await p.lab.idle();
    });

  if (fullDuplex)
    it("a handler may speak first", async () => {
      await using p = await pair(combination, {
        async chat(stream) {
          await stream.send(note("who is there?"));
          await stream.send({ text: `hello ${(await stream.recv())?.text}` });
        },
      });
      const call = p.client.chat();
      expect((await call.recv())?.text).toBe("who is there?");
      await call.send({ text: "me" });
      call.closeSend();
      expect((await all(call)).map(({ text }) => text)).toEqual(["hello me"]);
    });

  it("context.signal does not abort because the call succeeded", async () => {
    const signals: AbortSignal[] = [];
    await using p = await pair(combination, {
      unary: async (_request, { signal }) => {
        signals.push(signal);
        return {};
      },
      download: async (_request, { context }) => {
        signals.push(context.signal);
      },
      upload: async (stream) => {
        signals.push(stream.context.signal);
        for await (const _ of stream);
        await stream.sendAndClose({});
      },
    });
    await p.client.unary({});
    await all(p.client.download({}));
    const upload = p.client.upload();
    upload.closeSend();
    await upload.recv();
    await p.lab.idle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  });
});
