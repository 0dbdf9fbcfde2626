// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { failure, gate } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { wires } from "../support/wires.js";
import { startChaosProxy } from "./chaos-proxy.js";
import { ownTransport } from "./transport.js";

const overHttp2 = wires.filter(({ http }) => http === "2");

describe.each(overHttp2)("a connection cut while its server drains, $name", (wire) => {
  it("is lost to its calls, and no end of them", async () => {
    const never = gate();
    const seenByServer = gate<unknown>();
    const server = await serve({
      keepAlive: false,
      routes: (router) =>
        registerLabService(router, {
          unary: async (request) => {
            await never.promise;
            return request;
          },
          async chat(stream) {
            for await (const message of stream) await stream.send(message);
          },
          async upload(stream) {
            seenByServer.resolve(await failure(stream.recv()));
          },
        }),
    });
    await using proxy = await startChaosProxy(server.port);
    using own = ownTransport(proxy.url, wire);
    const client = createLabServiceClient(own.transport);
    const [chat, upload, unary] = [client.chat(), client.upload(), failure(client.unary({}))];
    await chat.send({});
    await chat.recv();
    const closed = server.close();
    // Its echo comes behind the word that the server drains.
    await chat.send({});
    await chat.recv();
    const waiting = failure(chat.recv());
    proxy.cut();
    expect(await waiting).toMatchObject({ code: Code.Unavailable });
    expect(await unary).toMatchObject({ code: Code.Unavailable });
    for (const { outcome } of [chat, upload]) {
      expect(await outcome).toMatchObject({ code: Code.Unavailable, endedBy: "connection" });
    }
    expect(await seenByServer.promise).toMatchObject({ code: Code.Canceled });
    await closed;
  });
});
