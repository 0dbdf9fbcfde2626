// SPDX-License-Identifier: Apache-2.0
// Our reflection service, as buf and grpcurl use it: neither has a schema of its own here.
import { Code, ConnectError } from "@connectrpc/connect";
import { registerHealth } from "connect-stream/health";
import { type ServeOptions, serve } from "connect-stream/node";
import { registerReflection } from "connect-stream/reflection";
import { describe, expect, it, onTestFinished } from "vitest";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { registerRuledService } from "../support/gen/lab/v1/ruled_stream.js";
import { buf, itWithGo, run } from "./programs.js";

const handler: Partial<LabServiceHandler> = {
  async unary({ text }) {
    return { text: text.toUpperCase() };
  },
  async chat(stream) {
    for await (const { text } of stream) await stream.send({ text: text.toUpperCase() });
  },
};

async function start(options: Partial<ServeOptions> = {}) {
  const server = await serve({
    ...options,
    routes(router) {
      registerLabService(router, handler);
      registerRuledService(router, {});
      registerHealth(router);
      registerReflection(router);
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { url: server.url, address: new URL(server.url).host };
}

const services = [
  "grpc.health.v1.Health",
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "lab.v1.LabService",
  "lab.v1.RuledService",
];

describe.each(["grpc", "grpcweb", "connect"])("buf curl --protocol %s", (protocol) => {
  it.each(["grpc-v1", "grpc-v1alpha"])("with %s", async (reflect) => {
    const { url } = await start();
    const args = ["curl", "--http2-prior-knowledge", "--protocol", protocol];
    const call = [...args, "--reflect-protocol", reflect, "--data", '{"text":"a"}'];
    const unary = await run(buf, [...call, `${url}/lab.v1.LabService/Unary`]);
    expect(JSON.parse(unary)).toEqual({ text: "A" });
    const chat = await run(buf, [...call, `${url}/lab.v1.LabService/Chat`]);
    expect(JSON.parse(chat)).toEqual({ text: "A" });
  });
});

it("buf curl lists services and methods", async () => {
  const { url } = await start();
  const curl = (...args: string[]) => run(buf, ["curl", "--http2-prior-knowledge", ...args]);
  expect((await curl("--list-services", url)).trim().split("\n")).toEqual(services);
  expect((await curl("--list-methods", url)).trim().split("\n")).toContain(
    "lab.v1.LabService/Chat",
  );
});

itWithGo("grpcurl", "grpcurl lists, describes and calls", async (grpcurl) => {
  const { address } = await start();
  const ask = (...args: string[]) => run(grpcurl, ["-plaintext", ...args]);
  expect((await ask(address, "list")).trim().split("\n")).toEqual(services);
  expect(await ask(address, "describe", "lab.v1.Note")).toContain("repeated .lab.v1.Note replies");
  // Its options are extensions of another file.
  expect(await ask(address, "describe", "lab.v1.RuledService")).toContain("rpc ");
  const one = await ask("-d", '{"text":"a"}', address, "lab.v1.LabService/Unary");
  expect(JSON.parse(one)).toEqual({ text: "A" });
  const chat = await ask("-d", '{"text":"a"} {"text":"b"}', address, "lab.v1.LabService/Chat");
  expect(chat.match(/"[AB]"/g)).toEqual(['"A"', '"B"']);
  const health = await ask(
    "-d",
    '{"service":"lab.v1.LabService"}',
    address,
    "grpc.health.v1.Health/Check",
  );
  expect(JSON.parse(health)).toEqual({ status: "SERVING" });
});

itWithGo("grpcurl", "grpcurl falls back to v1alpha", async (grpcurl) => {
  const only = (request: { url: string }) => !request.url.includes("reflection.v1.");
  const { address } = await start({
    interceptors: [
      (next) => (request) => {
        if (only(request)) return next(request);
        throw new ConnectError("not here", Code.Unimplemented);
      },
    ],
  });
  const listed = await run(grpcurl, ["-plaintext", address, "list"]);
  expect(listed.trim().split("\n")).toEqual(services);
});
