// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, decodeBinaryHeader, encodeBinaryHeader } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { pair } from "../support/fixture.js";
import { failure, gate } from "../support/gate.js";

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };

  it("request headers, response headers and trailers arrive", async () => {
    let seen: Headers | undefined;
    await using p = await pair(combination, {
      async download(_request, { context }) {
        seen = context.requestHeader;
        context.responseHeader.set("x-header", "one");
        context.responseHeader.append("x-header", "two");
        context.responseHeader.set("x-raw-bin", encodeBinaryHeader(new Uint8Array([0, 255])));
        context.responseTrailer.set("x-trailer", "three");
      },
      async upload(stream) {
        stream.context.responseHeader.set("x-header", "four");
        stream.context.responseTrailer.set("x-trailer", "five");
        await stream.sendAndClose({});
      },
    });
    const call = p.client.download({}, { headers: { "x-request": "zero" } });
    await all(call);
    expect(seen?.get("x-request")).toBe("zero");
    const header = await call.header;
    expect(header.get("x-header")).toBe("one, two");
    expect([...decodeBinaryHeader(header.get("x-raw-bin") ?? "")]).toEqual([0, 255]);
    expect((await call.trailer).get("x-trailer")).toBe("three");

    const upload = p.client.upload();
    upload.closeSend();
    await upload.recv();
    expect((await upload.header).get("x-header")).toBe("four");
    expect((await upload.trailer).get("x-trailer")).toBe("five");
  });

  it("trailers come with an error, too", async () => {
    await using p = await pair(combination, {
      async download(_request, stream) {
        await stream.send({});
        stream.context.responseTrailer.set("x-trailer", "yes");
        throw new ConnectError("no", Code.Aborted, { "x-meta": "also" });
      },
    });
    const call = p.client.download({});
    const error = await failure(all(call));
    expect(error.metadata.get("x-trailer")).toBe("yes");
    expect(error.metadata.get("x-meta")).toBe("also");
  });

  it("sendHeaders sends the headers before the first message", async () => {
    const arrived = gate();
    await using p = await pair(combination, {
      async download(_request, stream) {
        stream.context.responseHeader.set("x-early", "yes");
        stream.sendHeaders();
        stream.sendHeaders();
        await arrived.promise;
        // Too late, and no harm.
        stream.context.responseHeader.set("x-early", "no");
        await stream.send({ text: "first" });
      },
    });
    const call = p.client.download({});
    expect((await call.header).get("x-early")).toBe("yes");
    arrived.resolve();
    expect((await all(call)).map(({ text }) => text)).toEqual(["first"]);
  });

  if (wire.http !== "2") return;

  it("a chat's headers come before anybody has said a word", async () => {
    await using p = await pair(combination, {
      async chat(stream) {
        stream.sendHeaders();
        for await (const message of stream) await stream.send(message);
      },
    });
    const call = p.client.chat();
    expect((await call.header).get("content-type")).toContain(wire.protocol);
    await call.send({ text: "hello" });
    expect((await call.recv())?.text).toBe("hello");
    call.closeSend();
    expect(await call.recv()).toBeUndefined();
  });
});
