// SPDX-License-Identifier: Apache-2.0
// All kinds of RPC through `createFetchHandler`, in this process, in every protocol and codec.
import { Code, ConnectError, createContextKey, createContextValues } from "@connectrpc/connect";
import { createFetchHandler } from "connect-stream/fetch";
import { describe, expect, it } from "vitest";
import { fetchFormats } from "../support/clients/fetch-transport.js";
import { all } from "../support/clients/test-client.js";
import { gate } from "../support/gate.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { bulk, isBulk, note } from "../support/note.js";
import { clientOf, echo } from "./harness.js";

describe.each(fetchFormats)("$name", (format) => {
  it("answers a unary call", async () => {
    const client = clientOf(echo, format);
    expect(await client.unary({ text: "hello" })).toMatchObject({ text: "hello" });
  });

  it("streams responses", async () => {
    const client = clientOf(echo, format);
    const messages = await all(client.download({ text: "hello", number: 20n }));
    expect(messages.map(({ number }) => Number(number))).toEqual([...Array(20).keys()]);
  });

  it("streams requests", async () => {
    const call = clientOf(echo, format).upload();
    for (const text of ["a", "b", "c"]) await call.send({ text });
    call.closeSend();
    expect(await call.recv()).toMatchObject({ text: "abc", number: 3n });
  });

  it("streams both ways at the same time", async () => {
    const call = clientOf(echo, format).chat();
    for (const text of ["a", "b", "c"]) {
      await call.send({ text });
      // Each answer comes before the next request.
      expect(await call.recv()).toMatchObject({ text });
    }
    call.closeSend();
    expect(await call.recv()).toBeUndefined();
  });

  it("carries messages of any size, whole", async () => {
    const size = 300_000;
    const call = clientOf(echo, format).chat();
    for (let number = 0; number < 5; number++) {
      await call.send(bulk(size, number));
      const answer = await call.recv();
      expect(answer && isBulk(answer, size, number)).toBe(true);
    }
    call.closeSend();
    expect(await call.recv()).toBeUndefined();
  });

  it("carries headers and trailers", async () => {
    const client = clientOf(
      {
        async download(_request, stream) {
          const { requestHeader, responseHeader, responseTrailer } = stream.context;
          responseHeader.set("seen", requestHeader.get("say") ?? "");
          responseTrailer.set("at-the", "end");
          await stream.send(note("x"));
        },
      },
      format,
    );
    const call = client.download({}, { headers: { say: "hello" } });
    await all(call);
    expect((await call.header).get("seen")).toBe("hello");
    expect((await call.trailer).get("at-the")).toBe("end");
  });

  it("sends headers before any message", async () => {
    const leave = gate<void>();
    const client = clientOf(
      {
        async download(_request, stream) {
          stream.context.responseHeader.set("early", "yes");
          stream.sendHeaders();
          await leave.promise;
        },
      },
      format,
    );
    const call = client.download({});
    expect((await call.header).get("early")).toBe("yes");
    leave.resolve();
    expect(await call.recv()).toBeUndefined();
  });

  it("tells the error of a handler, after its messages", async () => {
    const client = clientOf(
      {
        async download(_request, stream) {
          await stream.send(note("first"));
          throw new ConnectError("no more", Code.NotFound, { why: "because" });
        },
        async unary() {
          throw new ConnectError("none", Code.NotFound, { why: "because" });
        },
      },
      format,
    );
    const call = client.download({});
    expect(await call.recv()).toMatchObject({ text: "first" });
    const failed = await call.recv().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: Code.NotFound, rawMessage: "no more" });
    expect((failed as ConnectError).metadata.get("why")).toBe("because");
    await expect(client.unary({})).rejects.toMatchObject({
      code: Code.NotFound,
      rawMessage: "none",
    });
  });

  it("hides what else a handler throws", async () => {
    const told = gate<unknown>();
    const client = clientOf(
      {
        async unary() {
          throw new Error("secret");
        },
      },
      format,
      { service: { onError: told.resolve } },
    );
    const failed = await client.unary({}).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: Code.Internal });
    expect(String(failed)).not.toContain("secret");
    expect(await told.promise).toMatchObject({ message: "secret" });
  });

  it("ends a call at its deadline, whatever the handler does", async () => {
    const forever = gate<void>();
    const client = clientOf({ download: () => forever.promise, unary: never }, format);
    const late = { code: Code.DeadlineExceeded };
    await expect(client.download({}, { timeoutMs: 20 }).recv()).rejects.toMatchObject(late);
    await expect(client.unary({}, { timeoutMs: 20 })).rejects.toMatchObject(late);
    forever.resolve();
  });

  it("refuses a message that is too large", async () => {
    const client = clientOf(echo, format, { handler: { readMaxBytes: 1000 } });
    const tooLarge = { code: Code.ResourceExhausted };
    await expect(client.unary(bulk(2000))).rejects.toMatchObject(tooLarge);
    const call = client.upload();
    call.send(bulk(2000)).catch(() => undefined);
    await expect(call.recv()).rejects.toMatchObject(tooLarge);
  });

  it("accepts 4 MiB by default, and no more", async () => {
    const client = clientOf({ unary: async () => note("taken") }, format);
    const limit = 4 * 1024 * 1024;
    const text = (length: number) => ({ text: "x".repeat(length) });
    expect(await client.unary(text(limit - 100))).toMatchObject({ text: "taken" });
    await expect(client.unary(text(limit + 1))).rejects.toMatchObject({
      code: Code.ResourceExhausted,
    });
  });
});

const user = createContextKey("nobody");

it("makes context values from the request, and from what the host passes", async () => {
  const handle = createFetchHandler<[{ suffix: string }]>({
    routes: (router) =>
      registerLabService(router, {
        unary: async (_request, context) => note(context.values.get(user)),
      }),
    contextValues: (request, { suffix }) =>
      createContextValues().set(user, `${request.headers.get("user")}${suffix}`),
  });
  const request = new Request("https://in.process/lab.v1.LabService/Unary", {
    method: "POST",
    headers: { "content-type": "application/json", user: "ada" },
    body: "{}",
  });
  expect(await (await handle(request, { suffix: "!" })).json()).toEqual({ text: "ada!" });
});

function never(): Promise<never> {
  return new Promise(() => undefined);
}
