// SPDX-License-Identifier: Apache-2.0
// Schemas of servers that are not ours: what they say of themselves, and how.
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import {
  type DescMessage,
  type DescService,
  fromJson,
  type JsonValue,
  toBinary,
} from "@bufbuild/protobuf";
import type { GenService } from "@bufbuild/protobuf/codegenv2";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { ServerReflection, ServerReflectionV1Alpha } from "connect-stream/reflection";
import { expect, it, onTestFinished } from "vitest";
import { registryOf } from "../../cli/src/schema/registry.js";
import { runCli } from "./run-cli.js";

/** What the services have, of which there is no generated code. */
type Shop = GenService<{
  buy: { methodKind: "unary"; input: DescMessage; output: DescMessage };
}>;

const file = (json: JsonValue) => fromJson(FileDescriptorProtoSchema, json);
const message = (name: string, ...field: JsonValue[]) => ({ name, field });
const field = (name: string, number: number, type: string, more = {}) => ({
  ...{ name, number, type, label: "LABEL_OPTIONAL" },
  ...more,
});

const order = message(
  "Order",
  field("item_name", 1, "TYPE_STRING"),
  field("price", 2, "TYPE_MESSAGE", { typeName: "Money" }),
);
const buy = { name: "Buy", inputType: ".shop.v1.Order", outputType: ".shop.v1.Money" };

/** As `@grpc/reflection` 1.0 has them, from protobufjs: a file for each package, and nothing of imports. */
const grpcJs = [
  file({
    name: "shop_v1.proto",
    package: "shop.v1",
    syntax: "proto3",
    messageType: [
      order,
      message(
        "Money",
        field("units", 1, "TYPE_INT64"),
        field("at", 2, "TYPE_MESSAGE", { typeName: "google.protobuf.Timestamp" }),
      ),
    ],
    service: [{ name: "Shop", method: [buy] }],
  }),
  file({
    name: "shop_v2.proto",
    package: "shop.v2",
    syntax: "proto3",
    service: [{ name: "Shop", method: [{ ...buy, inputType: ".shop.v1.Money" }] }],
  }),
];

/** As grpc-go has them: with imports, of which nobody has one, and another goes by two names. */
const grpcGo = [
  file({
    name: "shop/v1/shop.proto",
    package: "shop.v1",
    syntax: "proto3",
    dependency: ["money.proto", "options/of/ours.proto"],
    messageType: [order],
    service: [{ name: "Shop", method: [buy] }],
  }),
  file({
    name: "shop/v1/money.proto",
    package: "shop.v1",
    syntax: "proto3",
    messageType: [message("Money", field("units", 1, "TYPE_INT64", { jsonName: "units" }))],
  }),
];

/** A stock Connect server whose reflection sends each file alone. */
async function start(
  files: readonly FileDescriptorProto[],
  reflection: typeof ServerReflection | typeof ServerReflectionV1Alpha = ServerReflection,
) {
  const registry = registryOf(new Map(files.map((one) => [one.name, one])));
  const services = files.flatMap(({ package: scope, service }) =>
    service.map(({ name }) => `${scope}.${name}`),
  );
  const routes = (router: ConnectRouter) => {
    for (const name of services) serveShop(router, registry.getService(name));
    // Both versions have the same messages, under names of their own.
    router.service(reflection as typeof ServerReflection, {
      async *serverReflectionInfo(requests) {
        for await (const { messageRequest: question } of requests) {
          yield { messageResponse: answer(files, services, question) };
        }
      },
    });
  };
  return startStock(routes);
}

/** A server of Connect-Node's own adapter, until the test ends. */
async function startStock(routes: (router: ConnectRouter) => void): Promise<string> {
  const server = createServer(connectNodeAdapter({ routes }));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serveShop(router: ConnectRouter, service: DescService | undefined): void {
  if (service) router.service(service as Shop, { buy: () => ({ units: 7n }) });
}

function answer(
  files: readonly FileDescriptorProto[],
  services: readonly string[],
  { case: kind, value }: { case: string | undefined; value?: unknown },
) {
  if (kind === "listServices") {
    const service = services.map((name) => ({ name }));
    return { case: "listServicesResponse" as const, value: { service } };
  }
  const found = files.find((one) =>
    kind === "fileByFilename" ? one.name === value : symbolsOf(one).includes(String(value)),
  );
  if (!found) return { case: "errorResponse" as const, value: { errorCode: Code.NotFound } };
  const fileDescriptorProto = [toBinary(FileDescriptorProtoSchema, found)];
  return { case: "fileDescriptorResponse" as const, value: { fileDescriptorProto } };
}

const symbolsOf = ({ package: scope, messageType, service }: FileDescriptorProto) =>
  [...messageType, ...service].map(({ name }) => `${scope}.${name}`);

it.each([
  ["grpc-js", grpcJs],
  ["grpc-go", grpcGo],
])("reads the schema of a server of %s", async (_, files) => {
  const url = await start(files);
  const data = '{"itemName":"a","price":{"units":"3"}}';
  const called = await runCli(["call", url, "shop.v1.Shop/Buy", "-d", data]);
  expect(called).toEqual({ code: 0, out: '{"units":"7"}\n', err: "" });
});

it("falls back to v1alpha", async () => {
  const url = await start(grpcGo, ServerReflectionV1Alpha);
  const { code, out } = await runCli(["list", url]);
  expect([code, out]).toEqual([0, "shop.v1.Shop/Buy  unary  shop.v1.Order → shop.v1.Money\n"]);
});

it("asks which of two services is meant", async () => {
  const { code, err } = await runCli(["call", await start(grpcJs), "Shop/Buy"]);
  expect([code, err]).toEqual([
    1,
    "connect-stream call: Shop may be shop.v1.Shop or shop.v2.Shop; give the full name\n",
  ]);
});

it("says what to do where there is no reflection", async () => {
  const url = await startStock(() => undefined);
  const { code, err } = await runCli(["list", url]);
  expect([code, err]).toEqual([
    1,
    `connect-stream list: ${url} has no reflection; pass --schema with a file or a folder\n`,
  ]);
});

it("says that reflection fails, and what to use instead", async () => {
  const url = await startStock((router) => {
    router.service(ServerReflection, {
      serverReflectionInfo() {
        throw new ConnectError("who are you?", Code.Unauthenticated);
      },
    });
  });
  const { code, err } = await runCli(["list", url]);
  expect(code).toBe(64 + Code.Unauthenticated);
  const text = "reflection failed: unauthenticated: who are you?; use --schema instead";
  expect(err).toContain(text);
});
