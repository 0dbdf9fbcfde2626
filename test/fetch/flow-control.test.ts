// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { atRest, gate, until } from "../support/gate.js";
import { bulk, note } from "../support/note.js";
import { noteEnvelope } from "../support/raw.js";
import { Recorder } from "../support/recorder.js";
import { labHandler } from "./harness.js";
import { chat, chatting, openBody, requestOf } from "./requests.js";

const canceled = { code: Code.Canceled };

it("holds a handler back whose client does not read", async () => {
  let sent = 0;
  const { chat: method, ended } = chatting(async (stream) => {
    // With an end, so that a handler that nothing holds back does not run for ever.
    while (sent < 1000) {
      await stream.send(bulk(10_000));
      sent++;
    }
  });
  const { response } = await chat(labHandler({ chat: method }));
  expect(await atRest(() => sent)).toBeLessThan(20);
  // It goes on when the client does.
  const reader = response.body?.getReader();
  for (const before = sent; sent < before + 20; ) await reader?.read();
  await reader?.cancel();
  expect(await ended).toMatchObject(canceled);
});

it("holds a client back whose handler does not read", async () => {
  const read = gate<void>();
  const { chat: method, ended } = chatting(async (stream) => {
    stream.sendHeaders();
    await read.promise;
    for await (const _ of stream);
  });
  const { body } = await chat(labHandler({ chat: method }));
  const message = noteEnvelope(bulk(10_000));
  const filled = await atRest(() => {
    while (body.state.asked > body.state.written) body.write(message);
    return body.state.written;
  });
  expect(filled).toBeLessThan(20);
  read.resolve();
  await until(() => body.state.asked > filled);
  body.end();
  expect(await ended).toBeUndefined();
});

it("finishes when the last byte has been taken, and not before", async () => {
  const observer = new Recorder();
  const handler = labHandler(
    { chat: (stream) => stream.send(note("x")) },
    { service: { observer } },
  );
  const { body, response } = await chat(handler);
  body.end();
  const [recorded] = observer.calls;
  expect(await atRest(() => recorded?.outcomes.length ?? 0)).toBe(0);
  await response.arrayBuffer();
  await observer.ended();
});

it("breaks a response off that nobody takes, at its deadline", async () => {
  const handler = labHandler({ chat: (stream) => stream.send(bulk(100_000)) });
  const body = openBody();
  const headers = { "connect-timeout-ms": "50" };
  const response = await handler(requestOf({ rpc: "Chat", body: body.stream, headers }));
  await body.cancelled;
  await expect(response.arrayBuffer()).rejects.toThrow("the call was aborted");
});

it("breaks a response off whose error nobody takes", async () => {
  const handler = labHandler({
    async chat(stream) {
      while (!stream.context.signal.aborted) await stream.send(bulk(10_000));
    },
  });
  const body = openBody();
  const headers = { "connect-timeout-ms": "50" };
  const response = await handler(requestOf({ rpc: "Chat", body: body.stream, headers }));
  await body.cancelled;
  await expect(response.arrayBuffer()).rejects.toThrow("the call was aborted");
});
