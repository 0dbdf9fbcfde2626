// SPDX-License-Identifier: Apache-2.0
import { getOption } from "@bufbuild/protobuf";
import { method as methodOption } from "connect-stream/gen/connectstream/v1/options_pb.js";
import { describe, expect, test } from "vitest";
import { acceptedHeaders } from "../../plugin/src/metadata-headers.js";
import { headerField } from "../../runtime/src/metadata/header-field.js";
import { AllKindsSchema, JoinSchema, MetadataService } from "../support/gen/lab/v1/metadata_pb.js";
import { compile, filesOf, run, type Sources } from "./harness.js";

/** A schema whose one RPC opens with `Join`, which has `fields`. */
function joinWith(fields: string, name = "p.Join"): Sources {
  return {
    "a.proto": `syntax = "proto3";
      package p;
      import "connectstream/v1/options.proto";
      import "google/protobuf/timestamp.proto";
      service S {
        rpc Chat(stream M) returns (stream M) {
          option (connectstream.v1.method).initial_metadata = "${name}";
        }
      }
      message M {}
      message Join { ${fields} }
      message Unused { google.protobuf.Timestamp at = 1; }`,
  };
}

async function errorOf(sources: Sources): Promise<string> {
  const prefix = "a.proto: rpc p.S.Chat: option (connectstream.v1.method).initial_metadata";
  const { error } = run(await compile(sources));
  expect(error.startsWith(prefix) ? prefix : error).toBe(prefix);
  return error.slice(prefix.length);
}

test("a header of each field has the names that the runtime takes it from", () => {
  for (const field of [...AllKindsSchema.fields, ...JoinSchema.fields]) {
    const names = headerField(field).codecs.flatMap((codec) => codec.names);
    expect(acceptedHeaders(field), field.name).toEqual(names);
  }
});

test("the name is the option's", () => {
  const { chat } = MetadataService.method;
  expect(getOption(chat, methodOption).initialMetadata).toBe(JoinSchema.typeName);
});

describe("what cannot be a header", () => {
  test.each([
    [
      "M inner = 1;",
      "field inner is a message, allowed: scalars, enums, and repeated ones of them",
    ],
    ["repeated M inner = 1;", "field inner is a list of messages, allowed"],
    ["map<string, string> all = 1;", "field all is a map, allowed"],
    ["google.protobuf.Timestamp at = 1;", "field at is a message, allowed"],
    [
      "string grpc_timeout = 1;",
      'field grpc_timeout would be header "grpc-timeout", which is reserved, rename it',
    ],
    ["bytes grpc_trace = 1;", 'field grpc_trace would be header "grpc-trace-bin", which'],
    ["int32 connect_protocol_version = 1;", 'would be header "connect-protocol-version"'],
    ["string Content_Type = 1;", 'field Content_Type would be header "content-type"'],
    ["string te = 1;", 'field te would be header "te"'],
    ["string host = 1;", 'field host would be header "host"'],
    ["bool transfer_encoding = 1;", 'would be header "transfer-encoding"'],
    ["string x_forwarded_for = 1;", 'would be header "x-forwarded-for"'],
    ["string traceparent = 1;", 'would be header "traceparent"'],
    [
      "string token_bin = 1;",
      "field token_bin has a name that ends in _bin, which gRPC keeps for bytes in base64, rename it",
    ],
    ["repeated string from = 1;", 'field from would be header "from", which HTTP allows only once'],
    [
      "int32 userId = 1; int32 userid = 2;",
      'fields userId and userid are both header "userid", rename one',
    ],
    [
      "string token = 1; bytes Token = 2;",
      'fields token and Token are both header "token-bin", rename one',
    ],
  ])("%s", async (fields, error) => {
    const message = await errorOf(joinWith(fields));
    expect(message).toContain(': invalid value "p.Join": ');
    expect(message).toContain(error);
  });

  test.each([
    "bytes host = 1; bytes token_bin = 2; string from = 3; string authorization = 4;",
    "int32 a_b = 1; int32 ab = 2; string _x = 3;",
    "oneof o { string a = 1; bytes b = 2; }",
    "",
  ])("but this can: %s", async (fields) => {
    expect(run(await compile(joinWith(fields))).error).toBe("");
  });
});

test.each(["p.Jion", "Join", ".p.Join", "google.protobuf.Any", "p.S", "p.S.Chat"])(
  "a name that is none: %s",
  async (name) => {
    expect(await errorOf(joinWith("", name))).toBe(
      `: invalid value "${name}", allowed: the full name of a message of this file, or of one that it imports, such as p.M`,
    );
  },
);

test("messages of imported files, and of what they import, can be given", async () => {
  const { error } = run(await compile(joinWith("", "connectstream.v1.StreamTimeouts")));
  expect(error).toBe("");
});

test("unary and server-streaming RPCs have a request", async () => {
  for (const rpc of ["rpc Chat(M) returns (M)", "rpc Chat(M) returns (stream M)"]) {
    const [source = ""] = Object.values(joinWith(""));
    const schema = source.replace("rpc Chat(stream M) returns (stream M)", rpc);
    expect(await errorOf({ "a.proto": schema })).toBe(
      " is not allowed: Chat takes one request, which can hold the metadata; allowed: client-streaming and bidirectional RPCs",
    );
  }
});

test("the message has a comment on either side, with the headers", async () => {
  const [text = ""] = filesOf(
    run(await compile(joinWith("string a_b = 1; bytes c = 2;"))),
  ).values();
  const headers = "request headers `a_b`, `c-bin`.";
  expect(text.split(headers).length - 1).toBe(2);
  expect(text).toContain("chat(metadata: Join, stream: ChatServerStream): Promise<void>;");
  expect(text).toContain(
    "chat(metadata: MessageInitShape<typeof JoinSchema>, options?: StreamCallOptions): ChatClientStream;",
  );
});
