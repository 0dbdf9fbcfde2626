// SPDX-License-Identifier: Apache-2.0
// What the configuration files of docs/proxies.md promise besides.
import { randomBytes } from "node:crypto";
import { Code } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { registerTestService } from "../interop/gen/interop/v1/interop_stream.js";
import { connectOn1, grpcOn2 } from "../interop/peer.js";
import { startOurs } from "../interop/peers/ours-server.js";
import { atRest, failure, gate, turn } from "../support/gate.js";
import { clientOf, envoy, haproxy, nginx, type RunningProxy, skips, startProxy } from "./proxy.js";

const programs = [
  // The port on which flow control works as without a proxy.
  { program: nginx, flowing: "http2" },
  { program: haproxy, flowing: "tcp" },
  { program: envoy, flowing: "http2" },
] as const;

for (const { program, flowing } of programs) {
  describe.skipIf(skips(program))(program.name, () => {
    const open = async (): Promise<RunningProxy> => {
      const server = await startOurs();
      onTestFinished(() => server.close());
      const proxy = await startProxy(program, server.url);
      onTestFinished(() => proxy.close());
      return proxy;
    };

    it("serves HTTP/2 and HTTP/1.1 by turns", async () => {
      const { http1, http2 } = await open();
      const clients = [clientOf(http2, grpcOn2), clientOf(http1, connectOn1)];
      for (const client of [...clients, ...clients, ...clients]) {
        expect(await client.unaryCall({ echo: true, text: "hi" })).toMatchObject({ text: "hi" });
      }
    });

    it("tells that bidirectional streams need HTTP/2", async () => {
      const { http1 } = await open();
      const error = await failure(clientOf(http1, connectOn1).fullDuplexCall().recv());
      expect(error.code).toBe(Code.Unimplemented);
      expect(error.message).toContain("HTTP/2");
    });

    it("tells a handler that sends when an HTTP/1.1 client has gone", async () => {
      const ended = gate<Code>();
      const server = await serve({
        routes(router) {
          registerTestService(router, {
            async streamingOutputCall(_, stream) {
              const { signal } = stream.context;
              for (; !signal.aborted; await turn()) await stream.send({}).catch(() => undefined);
              ended.resolve(signal.reason.code);
            },
          });
        },
      });
      onTestFinished(() => server.close({ graceMs: 0 }));
      const proxy = await startProxy(program, server.url);
      onTestFinished(() => proxy.close());
      const stream = clientOf(proxy.http1, connectOn1).streamingOutputCall({});
      expect(await stream.recv()).toBeDefined();
      await stream.close();
      expect(await ended.promise).toBe(Code.Canceled);
    });

    it("lets a stream that is full both ways go on when somebody reads", async () => {
      const proxy = await open();
      const stream = clientOf(proxy[flowing], grpcOn2).fullDuplexCall();
      const payload = randomBytes(10_000);
      const count = 1000;
      let sent = 0;
      const sending = (async () => {
        for (; sent < count; sent++) await stream.send({ payload, echo: true });
        await stream.closeSend();
      })();
      expect(await atRest(() => sent)).toBeLessThan(count);
      let received = 0;
      for await (const _ of stream) received++;
      await sending;
      expect(received).toBe(count);
    });
  });
}
