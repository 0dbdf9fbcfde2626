// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import { streamNodeAdapter } from "connect-stream/node";
import { expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all, type TestCall } from "../support/clients/test-client.js";
import { pair } from "../support/fixture.js";
import { failure, observed } from "../support/gate.js";
import { LabService, type Note } from "../support/gen/lab/v1/lab_pb.js";
import type { DownloadServerStream } from "../support/gen/lab/v1/lab_stream.js";
import { serveLab } from "../support/lab.js";
import { bulk, isBulk } from "../support/note.js";
import { noteEnvelope } from "../support/raw.js";

const enough = new ConnectError("enough", Code.FailedPrecondition);

/** How handlers leave a client that goes on sending, and what it learns from `send`. */
const leaving = [
  { how: "returns", error: undefined, sendSays: /ended/ },
  { how: "throws", error: enough, sendSays: /enough/ },
] as const;

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };

  it.each(leaving)("an upload's handler $how early", async ({ error, sendSays }) => {
    await using p = await pair(combination, {
      async upload(stream) {
        await stream.recv();
        if (error) throw error;
        await stream.sendAndClose({ text: "that will do" });
      },
    });
    const call = p.client.upload();
    const refusal = sendUntilRefused(call, kind.foreign || !kind.generated);
    if (kind.generated) expect((await refusal)?.message).toMatch(sendSays);
    if (error) expect((await failure(call.recv())).rawMessage).toBe("enough");
    else expect((await call.recv())?.text).toBe("that will do");
    await p.lab.idle();
  });

  it.each(leaving)("an upload's handler $how and has never read", async ({ error }) => {
    await using p = await pair(combination, {
      async upload(stream) {
        if (error) throw error;
        await stream.sendAndClose({ text: "no, thanks" });
      },
    });
    const call = p.client.upload();
    const refusal = sendUntilRefused(call, kind.foreign || !kind.generated);
    if (kind.generated) await refusal;
    if (error) expect((await failure(call.recv())).rawMessage).toBe("enough");
    else expect((await call.recv())?.text).toBe("no, thanks");
    await p.lab.idle();
  });

  it("a handler that returns settles its pending sends, and all of them arrive", async () => {
    const count = 40;
    const bytes = 64 * 1024;
    const sends: Promise<void>[] = [];
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      for (let i = 0; i < count; i++) sends.push(stream.send(bulk(bytes, i)));
    });
    await using p = await pair(combination, { download: handler });
    const call = p.client.download({});
    const first = await call.recv();
    expect(await ended).toBeUndefined();
    await Promise.all(sends);
    const messages = [first, ...(await all(call))];
    expect(messages.length).toBe(count);
    expect(messages.every((m, i) => m && isBulk(m, bytes, i))).toBe(true);
    await p.lab.idle();
  });

  if (wire.http !== "2") return;

  it.each(leaving)("a chat's handler $how early", async ({ error, sendSays }) => {
    await using p = await pair(combination, {
      async chat(stream) {
        await stream.send({ text: "hello" });
        await stream.recv();
        if (error) throw error;
      },
    });
    const call = p.client.chat();
    const refusal = sendUntilRefused(call, kind.foreign || !kind.generated);
    expect((await call.recv())?.text).toBe("hello");
    if (error) expect((await failure(call.recv())).rawMessage).toBe("enough");
    else expect(await call.recv()).toBeUndefined();
    if (kind.generated) expect((await refusal)?.message).toMatch(sendSays);
    await p.lab.idle();
  });

  it("what a chat's handler sent before it left arrives whole at a slow client", async () => {
    const count = 20;
    const bytes = 64 * 1024;
    await using p = await pair(combination, {
      async chat(stream) {
        for (let i = 0; i < count; i++) void stream.send(bulk(bytes, i));
        stream.context.responseTrailer.set("x-last", "yes");
      },
    });
    const call = p.client.chat();
    void call.send({}).catch(() => undefined);
    const messages = await all(call);
    expect(messages.length).toBe(count);
    expect(messages.every((m, i) => isBulk(m, bytes, i))).toBe(true);
    expect((await call.trailer).get("x-last")).toBe("yes");
    await p.lab.idle();
  });
});

it("an ordinary Connect service answers over HTTP/1.1 though its client neither sends nor ends", async () => {
  const listener = streamNodeAdapter({
    routes: (router) =>
      router.service(LabService, {
        async upload() {
          throw enough;
        },
      }),
  });
  await using lab = await serveLab(listener, "1.1");
  const headers = { "content-type": "application/connect+proto" };
  const path = `${lab.url}/lab.v1.LabService/Upload`;
  const request = httpRequest(path, { method: "POST", headers }).on("error", () => undefined);
  const status = new Promise((resolve) => {
    request.on("response", (response) => resolve(response.statusCode));
  });
  request.write(noteEnvelope());
  expect(await status).toBe(200);
  request.destroy();
});

/**
 * Sends until `send` rejects, with what it says. Foreign clients do not say, so they send as much
 * as fills all windows and leave it at that.
 */
async function sendUntilRefused(call: TestCall, limited: boolean): Promise<Error | undefined> {
  try {
    for (let i = 0; !limited || i < 20; i++) await call.send(bulk(16 * 1024, i));
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
