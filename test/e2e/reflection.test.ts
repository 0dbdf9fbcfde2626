// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, file_google_protobuf_timestamp } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { type ReflectionServiceOptions, registerReflection } from "connect-stream/reflection";
import { describe, expect, it, onTestFinished } from "vitest";
import { MonitorService } from "../../gen/monitor/v1/monitor_pb.js";
import {
  ServerReflection,
  type ServerReflectionResponse,
} from "../../runtime/src/gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionV1Alpha } from "../../runtime/src/gen/grpc/reflection/v1alpha/reflection_pb.js";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { registerRuledService } from "../support/gen/lab/v1/ruled_stream.js";
import { connectOn2, grpcOn2, grpcWebOn2, type Wire } from "../support/wires.js";

async function start(options?: ReflectionServiceOptions) {
  const server = await serve({
    routes(router) {
      registerReflection(router, options);
      registerLabService(router, {});
      registerRuledService(router, {});
      router.service(MonitorService, {});
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server;
}

type Question = Parameters<ReturnType<typeof clientOf>["serverReflectionInfo"]>[0] extends
  | AsyncIterable<infer Q>
  | undefined
  ? Q
  : never;

function clientOf(url: string, wire: Wire = grpcOn2) {
  return createClient(ServerReflection, ourTransport(url, wire));
}

/** What the server answers to `questions`, in one stream. */
async function ask(url: string, ...questions: Question[]): Promise<ServerReflectionResponse[]> {
  async function* requests() {
    yield* questions;
  }
  const responses: ServerReflectionResponse[] = [];
  for await (const response of clientOf(url).serverReflectionInfo(requests())) {
    responses.push(response);
  }
  return responses;
}

/** The names of the files in a response, or the error in it. */
function told({ messageResponse: { case: kind, value } }: ServerReflectionResponse): unknown {
  if (kind === "errorResponse") return [value.errorCode, value.errorMessage];
  if (kind === "allExtensionNumbersResponse") return [value.baseTypeName, value.extensionNumber];
  if (kind !== "fileDescriptorResponse") return kind;
  return value.fileDescriptorProto.map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  );
}

const symbol = (value: string): Question => ({
  messageRequest: { case: "fileContainingSymbol", value },
});
const filename = (value: string): Question => ({
  messageRequest: { case: "fileByFilename", value },
});

const services = [
  "grpc.reflection.v1.ServerReflection",
  "grpc.reflection.v1alpha.ServerReflection",
  "lab.v1.LabService",
  "lab.v1.RuledService",
  "monitor.v1.MonitorService",
];

it.each([grpcOn2, grpcWebOn2, connectOn2])("lists all services: $name", async (wire) => {
  const { url } = await start();
  for (const service of [ServerReflection, ServerReflectionV1Alpha]) {
    const client = createClient(service as typeof ServerReflection, ourTransport(url, wire));
    async function* requests() {
      yield { host: "h", messageRequest: { case: "listServices", value: "" } } as const;
    }
    for await (const response of client.serverReflectionInfo(requests())) {
      const { messageResponse, validHost, originalRequest } = response;
      expect(messageResponse.case).toBe("listServicesResponse");
      const listed =
        messageResponse.case === "listServicesResponse" ? messageResponse.value.service : [];
      expect(listed.map(({ name }) => name)).toEqual(services);
      expect([validHost, originalRequest?.host]).toEqual(["h", "h"]);
    }
  }
});

it("finds files by all that they declare, with their imports, each once", async () => {
  const { url } = await start();
  const answers = await ask(
    url,
    symbol("lab.v1.RuledService"),
    symbol("lab.v1.LabService.Chat"),
    symbol("lab.v1.Note.text"),
    symbol("monitor.v1.MonitorService"),
    filename("google/protobuf/descriptor.proto"),
  );
  const [ruled, chat, field, monitor, descriptor] = answers.map(told);
  expect(ruled).toEqual([
    "lab/v1/ruled.proto",
    "buf/validate/validate.proto",
    "google/protobuf/descriptor.proto",
    "google/protobuf/duration.proto",
    "google/protobuf/field_mask.proto",
    "google/protobuf/timestamp.proto",
    "connectstream/v1/options.proto",
  ]);
  expect(chat).toEqual(["lab/v1/lab.proto"]);
  expect(field).toEqual(["lab/v1/lab.proto"]);
  expect(monitor).toEqual(["monitor/v1/monitor.proto"]);
  expect(descriptor).toEqual(["google/protobuf/descriptor.proto"]);
});

describe("one stream after another", () => {
  it.each([
    ["an enum's value", symbol("google.protobuf.TYPE_DOUBLE"), undefined],
    ["a nested enum's value", symbol("google.protobuf.FieldDescriptorProto.TYPE_DOUBLE"), true],
    ["a nested message", symbol("google.protobuf.DescriptorProto.ExtensionRange"), true],
    ["a oneof", symbol("buf.validate.FieldRules.type"), true],
    ["an extension", symbol("buf.validate.field"), true],
    ["nothing", symbol("lab.v1.Nothing"), undefined],
    ["a file that is none", filename("lab/v1/nothing.proto"), undefined],
  ])("%s", async (_, question, found) => {
    const { url } = await start();
    const [answer] = await ask(url, question);
    const kind = answer?.messageResponse.case;
    expect(kind).toBe(found ? "fileDescriptorResponse" : "errorResponse");
  });
});

it("knows extensions", async () => {
  const { url } = await start();
  const extension = (containingType: string, extensionNumber: number): Question => ({
    messageRequest: { case: "fileContainingExtension", value: { containingType, extensionNumber } },
  });
  const numbers = (value: string): Question => ({
    messageRequest: { case: "allExtensionNumbersOfType", value },
  });
  const answers = await ask(
    url,
    extension("google.protobuf.FieldOptions", 1159),
    numbers("google.protobuf.FieldOptions"),
    numbers("lab.v1.Note"),
    numbers("lab.v1.Nothing"),
    extension("google.protobuf.FieldOptions", 1),
  );
  const [file, known, none, nothing, missing] = answers.map(told);
  expect((file as string[])[0]).toBe("buf/validate/validate.proto");
  expect(known).toEqual(["google.protobuf.FieldOptions", expect.arrayContaining([1159])]);
  expect(none).toEqual(["lab.v1.Note", []]);
  expect(nothing).toEqual([Code.NotFound, "not found: lab.v1.Nothing"]);
  expect(missing).toEqual([
    Code.NotFound,
    "not found: extension 1 of google.protobuf.FieldOptions",
  ]);
});

it("knows files that it was given", async () => {
  const { url } = await start({ files: [file_google_protobuf_timestamp] });
  const [answer] = await ask(url, symbol("google.protobuf.Timestamp"));
  expect(answer && told(answer)).toEqual(["google/protobuf/timestamp.proto"]);
});

it("refuses the request sets no message_request", async () => {
  const { url } = await start();
  expect((await failure(ask(url, {}))).code).toBe(Code.InvalidArgument);
});

it("lets its streams end when the server drains", async () => {
  const server = await start();
  const stream = clientOf(server.url).serverReflectionInfo(
    (async function* () {
      yield symbol("lab.v1.Note");
      await new Promise(() => undefined);
    })(),
  );
  const messages = stream[Symbol.asyncIterator]();
  await messages.next();
  const closed = server.close({ graceMs: 3_600_000 });
  expect((await messages.next()).done).toBe(true);
  await closed;
});

it("refuses files that are no list", async () => {
  const files = "x" as unknown as [];
  await expect(start({ files })).rejects.toThrow("files must be a list");
});
