// SPDX-License-Identifier: Apache-2.0
import { Code, type ConnectRouter, type HandlerContext } from "@connectrpc/connect";
import { compressionGzip } from "@connectrpc/connect-node";
import { type ServeOptions, serve } from "connect-stream/node";
import { describe, expect, it, vi } from "vitest";
import { combinations } from "../support/clients/kinds.js";
import { plainClient } from "../support/clients/plain-connect.js";
import type { TestClient } from "../support/clients/test-client.js";
import { connectNodeTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { connectOn1, connectOn2 } from "../support/wires.js";

vi.setConfig({ testTimeout: 20_000 });

/** Both ways to serve, with fields that `set` adds to each response. */
const services: Record<string, (set: (context: HandlerContext) => void) => ServeOptions["routes"]> =
  {
    "a generated service": (set) => (router: ConnectRouter) =>
      registerLabService(
        router,
        {
          async unary(request, context) {
            set(context);
            return request;
          },
          async download(request, stream) {
            set(stream.context);
            await stream.send(request);
          },
        },
        { onError: (error) => console.error(error) },
      ),
    "Connect's service": (set) => (router: ConnectRouter) =>
      router.service(LabService, {
        async unary(request, context) {
          set(context);
          return request;
        },
        async *download(request, context) {
          set(context);
          yield request;
        },
      }),
  };

const calls: readonly (readonly [string, (client: TestClient) => Promise<unknown>])[] = [
  ["unary", (client) => client.unary({ text: "hi" })],
  ["server streaming", (client) => client.download({ text: "hi" }).recv()],
];

/** Fields that are of a connection to somebody else, as a handler copies them that is a proxy. */
const connectionFields = {
  connection: "keep-alive",
  "content-length": "3",
  "keep-alive": "timeout=5",
  te: "gzip",
  "transfer-encoding": "chunked",
  upgrade: "h2c",
};

describe.each(Object.entries(services))("%s", (_, routesWith) => {
  it.each(["responseHeader", "responseTrailer"] as const)(
    "sends no fields of the connection that a handler puts into its %s",
    async (part) => {
      const server = await serve({
        routes: routesWith((context) => {
          const fields = { ...connectionFields, "x-good": "yes" };
          for (const [name, value] of Object.entries(fields)) context[part].set(name, value);
        }),
      });
      for (const { client: kind, wire, name } of combinations) {
        const client = kind.create(server.url, wire);
        for (const [rpc, call] of calls) {
          expect(await call(client), `${name}, ${rpc}`).toMatchObject({ text: "hi" });
        }
        client.close();
      }
      await server.close({ graceMs: 0 });
    },
  );

  it.each(["responseHeader", "responseTrailer"] as const)(
    "fails a unary call whose %s HTTP does not allow",
    async (part) => {
      const printed = vi.spyOn(console, "error").mockReturnValue(undefined);
      const server = await serve({
        routes: routesWith((context) => context[part].set("x-bad", "a\u0001b")),
      });
      for (const { client: kind, wire, name } of combinations) {
        const client = kind.create(server.url, wire);
        expect((await failure(client.unary({}))).code, name).toBe(Code.Internal);
        client.close();
      }
      expect(printed).toHaveBeenCalledTimes(combinations.length);
      printed.mockRestore();
      await server.close({ graceMs: 0 });
    },
  );

  it.each([connectOn1, connectOn2])("answers if its compression fails, $name", async (wire) => {
    const printed = vi.spyOn(console, "error").mockReturnValue(undefined);
    const broken = { ...compressionGzip, compress: () => Promise.reject(new Error("no memory")) };
    const server = await serve({
      routes: routesWith(() => undefined),
      acceptCompression: [broken],
      compressMinBytes: -1,
    });
    const client = plainClient(connectNodeTransport(server.url, wire));
    const { code } = await failure(client.unary({ text: "hi" }));
    expect([Code.Internal, Code.Unknown]).toContain(code);
    expect(printed).toHaveBeenCalledTimes(1);
    printed.mockRestore();
    await server.close({ graceMs: 0 });
  });
});
