// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { pair } from "../support/fixture.js";
import { atRest, failure, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import type {
  ChatServerStream,
  DownloadServerStream,
  UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { bulk } from "../support/note.js";

/** How each way to break a call off shows on either side. */
const ways = [
  { what: "a client that cancels", fragile: false, clientCode: Code.Canceled },
  { what: "a lost connection", fragile: true, clientCode: Code.Unavailable },
] as const;

const PIECE = 64 * 1024;

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };
  const fullDuplex = wire.http === "2";
  // What other clients call it is their affair.
  const expectCode = ({ code }: ConnectError, expected: Code) =>
    kind.foreign ? undefined : expect(code).toBe(expected);

  it.each(ways)("$what ends an upload, and never cleanly", async ({ fragile, clientCode }) => {
    const started = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      await stream.recv();
      const pending = stream.recv();
      started.resolve();
      expect((await failure(pending)).code).toBe(Code.Canceled);
      expect((await failure(stream.recv())).code).toBe(Code.Canceled);
      expect((await failure(stream.sendAndClose({}))).code).toBe(Code.Canceled);
      expectCanceled(stream.context.signal);
    });
    await using p = await pair(combination, { upload: handler }, { fragile });
    const call = p.client.upload();
    // A client may have only one response to wait for, and half-closes to get it.
    const response = kind.generated ? undefined : failure(call.recv());
    await call.send({ text: "first" });
    await started.promise;
    if (fragile) p.lab.cut();
    else call.cancel();
    expect(await ended).toBeUndefined();
    expectCode(await (response ?? failure(call.recv())), clientCode);
    await p.lab.idle();
  });

  it.each(ways)("$what ends a download", async ({ fragile, clientCode }) => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      const { signal } = stream.context;
      await stream.send({ text: "first" });
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      expectCanceled(signal);
      expect((await failure(stream.send({}))).code).toBe(Code.Canceled);
    });
    await using p = await pair(combination, { download: handler }, { fragile });
    const call = p.client.download({});
    await call.recv();
    const pending = failure(call.recv());
    if (fragile) p.lab.cut();
    else call.cancel();
    expectCode(await pending, clientCode);
    expect(await ended).toBeUndefined();
    await p.lab.idle();
  });

  it.each(ways)("$what wakes a handler that is blocked in send", async ({ fragile }) => {
    let sent = 0;
    let cleaned = false;
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      try {
        for (;;) {
          await stream.send(bulk(PIECE, sent));
          sent++;
        }
      } finally {
        cleaned = true;
      }
    });
    await using p = await pair(combination, { download: handler }, { fragile });
    const call = p.client.download({});
    await call.recv();
    await atRest(() => sent);
    if (fragile) p.lab.cut();
    else call.cancel();
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    expect(cleaned).toBe(true);
    await p.lab.idle();
  });

  if (!fullDuplex) return;

  it.each(ways)("$what ends a chat on both sides", async ({ fragile, clientCode }) => {
    const started = gate();
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      await stream.recv();
      const pending = stream.recv();
      started.resolve();
      expect((await failure(pending)).code).toBe(Code.Canceled);
      expect((await failure(stream.recv())).code).toBe(Code.Canceled);
      expect((await failure(stream.send({}))).code).toBe(Code.Canceled);
      expectCanceled(stream.context.signal);
    });
    await using p = await pair(combination, { chat: handler }, { fragile });
    const call = p.client.chat();
    const pending = failure(call.recv());
    await call.send({ text: "first" });
    await started.promise;
    if (fragile) p.lab.cut();
    else call.cancel();
    expect(await ended).toBeUndefined();
    expectCode(await pending, clientCode);
    if (kind.generated) {
      expect((await failure(call.recv())).code).toBe(clientCode);
      expect((await failure(call.send({}))).code).toBe(clientCode);
    }
    await p.lab.idle();
  });

  it("a cancel is seen while a handler leaves messages unread", async () => {
    const full = gate();
    const { handler, ended } = observed(async (stream: ChatServerStream) => {
      const { signal } = stream.context;
      await stream.recv();
      full.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      expect((await failure(stream.recv())).code).toBe(Code.Canceled);
    });
    await using p = await pair(combination, { chat: handler });
    const call = p.client.chat();
    const pending = failure(call.recv());
    let accepted = 0;
    for (let i = 0; i < 40; i++)
      call.send(bulk(16 * 1024, i)).then(
        () => accepted++,
        () => {},
      );
    await full.promise;
    await atRest(() => accepted);
    call.cancel();
    expect(await ended).toBeUndefined();
    expect((await pending).code).toBe(Code.Canceled);
    await p.lab.idle();
  });
});

function expectCanceled(signal: AbortSignal): void {
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toBeInstanceOf(ConnectError);
  expect(signal.reason.code).toBe(Code.Canceled);
}
