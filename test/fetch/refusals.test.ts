// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { createFetchHandler } from "connect-stream/fetch";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { fetchFormats } from "../support/clients/fetch-transport.js";
import { registerDeclaredService } from "../support/gen/lab/v1/declared_stream.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { clientOf, echo, labHandler } from "./harness.js";
import { requestOf } from "./requests.js";

it("a GET is a call where the schema allows it, and nowhere else", async () => {
  const handle = createFetchHandler({
    routes(router) {
      registerDeclaredService(router, { look: async (request) => request });
      registerLabService(router, echo);
    },
  });
  const get = (rpc: string) => {
    const query = `connect=v1&encoding=json&message=${encodeURIComponent('{"text":"x"}')}`;
    return handle(new Request(`https://in.process/lab.v1.${rpc}?${query}`));
  };
  expect(await (await get("DeclaredService/Look")).json()).toEqual({ text: "x" });
  const refused = await get("LabService/Unary");
  expect(refused.status).toBe(405);
  expect(refused.headers.get("allow")).toBe("POST");
});

describe("a request that is no call", () => {
  const handler = labHandler(echo, { handler: { requestPathPrefix: "" } });
  const grpc = "application/grpc+proto";

  it.each([
    ["of gRPC", { rpc: "Unary", type: grpc }, 415],
    ["of another content type", { rpc: "Unary", type: "text/plain" }, 415],
    ["of another method", { rpc: "Unary", method: "PUT" }, 405],
    ["of an unknown path", { rpc: "Nothing" }, 404],
  ])("%s", async (_, parts, status) => {
    const response = await handler(requestOf(parts));
    expect(response.status).toBe(status);
  });

  it("of gRPC is told what to speak", async () => {
    const response = await handler(requestOf({ rpc: "Chat", type: grpc }));
    expect(await response.text()).toContain("use the Connect or the gRPC-Web protocol");
    const accepted = response.headers.get("accept-post")?.split(", ") ?? [];
    expect(accepted).toContain("application/connect+proto");
    expect(accepted).toContain("application/grpc-web+proto");
    expect(accepted).not.toContain(grpc);
  });

  it("of gRPC is none even where a service turns gRPC on", async () => {
    const response = await labHandler(echo, { service: { grpc: true } })(
      requestOf({ rpc: "Unary", type: grpc }),
    );
    expect(response.status).toBe(415);
  });

  it("is for the fallback, if nothing else knows its path", async () => {
    const withFallback = labHandler(echo, {
      handler: { fallback: (request) => new Response(new URL(request.url).pathname) },
    });
    const response = await withFallback(requestOf({ rpc: "Nothing" }));
    expect(await response.text()).toBe("/lab.v1.LabService/Nothing");
  });

  it("has a prefix that is not the handler's", async () => {
    const prefixed = labHandler(echo, { handler: { requestPathPrefix: "/api" } });
    expect((await prefixed(requestOf({ rpc: "Unary" }))).status).toBe(404);
    const body = "{}";
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    const url = "https://in.process/api/lab.v1.LabService/Unary";
    expect((await prefixed(new Request(url, init))).status).toBe(200);
  });

  it("fails one request, not the host, if a fallback or a body does", async () => {
    const print = vi.spyOn(console, "error").mockReturnValue();
    onTestFinished(() => print.mockRestore());
    const fails = labHandler(echo, {
      handler: {
        fallback: () => {
          throw new Error("no fallback");
        },
      },
    });
    expect((await fails(requestOf({ rpc: "Nothing" }))).status).toBe(500);
    const read = requestOf({ rpc: "Chat", body: new Uint8Array(1) });
    await read.arrayBuffer();
    expect((await fails(read)).status).toBe(500);
    expect(print).toHaveBeenCalledTimes(2);
  });
});

it.each([
  ["routes", { routes: 5 }],
  ["readMaxBytes", { readMaxBytes: 0 }],
  ["halfCloseGraceMs", { halfCloseGraceMs: -1 }],
  ["contextValues", { contextValues: 5 }],
  ["fallback", { fallback: "/" }],
  ["compressMinBytes", { compressMinBytes: Number.NaN }],
])("an invalid %s throws", (name, options) => {
  expect(() => createFetchHandler({ routes: () => undefined, ...options } as never)).toThrow(name);
});

it.each(fetchFormats)("an option that is undefined was not given: $name", async (format) => {
  const options = { readMaxBytes: undefined, acceptCompression: undefined, fallback: undefined };
  const client = clientOf(echo, format, { handler: options as never });
  await expect(client.unary({ text: "x".repeat(4 * 1024 * 1024 + 1) })).rejects.toMatchObject({
    code: Code.ResourceExhausted,
  });
});
