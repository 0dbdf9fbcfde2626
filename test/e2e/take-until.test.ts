// SPDX-License-Identifier: Apache-2.0
import { takeUntil } from "connect-stream";
import { serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { gate } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2 } from "../support/wires.js";

it("reads a stream until the server drains, and loses nothing", async () => {
  const rest = gate<string[]>();
  const server = await serve({
    routes: (router) =>
      registerLabService(router, {
        async chat(stream) {
          const texts: string[] = [];
          for await (const { text } of takeUntil(stream, stream.context.drainSignal)) {
            texts.push(text);
            await stream.send({ text });
          }
          await stream.send({ text: "goodbye" });
          for await (const { text } of stream) texts.push(text);
          rest.resolve(texts);
        },
      }),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const stream = createLabServiceClient(ourTransport(server.url, grpcOn2)).chat();
  await stream.send({ text: "a" });
  expect((await stream.recv())?.text).toBe("a");
  const closed = server.close({ graceMs: 3_600_000 });
  expect((await stream.recv())?.text).toBe("goodbye");
  await stream.send({ text: "b" });
  await stream.closeSend();
  expect(await rest.promise).toEqual(["a", "b"]);
  await closed;
});

async function* forever() {
  try {
    yield 1;
    await new Promise(() => undefined);
  } finally {
    yield 2;
  }
}

it("ends the wait for any other iterable", async () => {
  const stop = new AbortController();
  const seen: number[] = [];
  for await (const value of takeUntil(forever(), stop.signal)) {
    seen.push(value);
    setImmediate(() => stop.abort());
  }
  expect(seen).toEqual([1]);
  for await (const value of takeUntil(forever(), stop.signal)) seen.push(value);
  expect(seen).toEqual([1]);
});

it("ends with its source, fails with it, and lets it return", async () => {
  const { signal } = new AbortController();
  let returned = 0;
  async function* source(fails: boolean) {
    try {
      yield "a";
      if (fails) throw new Error("broken");
      yield "b";
    } finally {
      returned++;
    }
  }
  const seen: string[] = [];
  for await (const value of takeUntil(source(false), signal)) seen.push(value);
  const failing = takeUntil(source(true), signal);
  expect(await failing.next()).toEqual({ done: false, value: "a" });
  await expect(failing.next()).rejects.toThrow("broken");
  for await (const value of takeUntil(source(false), signal)) {
    seen.push(value);
    break;
  }
  expect(seen).toEqual(["a", "b", "a"]);
  expect(returned).toBe(3);
});

it("left early, closes a client's stream", async () => {
  const over = gate();
  await using lab = await startLab({
    async download(_request, stream) {
      await stream.send({});
      stream.context.signal.addEventListener("abort", () => over.resolve());
      await over.promise;
    },
  });
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
  const stop = new AbortController();
  for await (const _ of takeUntil(client.download({}), stop.signal)) stop.abort();
  await over.promise;
});

it("takes nothing but a signal", () => {
  expect(() => takeUntil(forever(), "x" as unknown as AbortSignal)).toThrow(
    'signal must be an AbortSignal, not "x"',
  );
});
