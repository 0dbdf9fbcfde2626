// SPDX-License-Identifier: Apache-2.0
import { create, createFileRegistry, ScalarType } from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { describe, expect, it } from "vitest";
import { mayReferenceInput } from "../../runtime/src/protocol/input-references.js";
import { plainStatusMessage } from "../../runtime/src/protocol/status-message.js";
import { connectTimeout, grpcTimeout } from "../../runtime/src/protocol/timeout-header.js";
import { NoteSchema, PlainSchema } from "../support/gen/lab/v1/lab_pb.js";

const DAY_MS = 24 * 3600 * 1000;

describe("time-outs in headers", () => {
  it.each([
    [1, "1m", "1"],
    [0.5, "1m", "1"],
    [1500, "1500m", "1500"],
    [99_999_999, "99999999m", "99999999"],
    [100_000_000, "100000S", "100000000"],
    [100_000_001, "100001S", "100000001"],
    [30 * DAY_MS, "2592000S", "2592000000"],
    [99_999_999_000, "99999999S", "9999999999"],
    [99_999_999_001, "1666667M", "9999999999"],
    [Number.MAX_SAFE_INTEGER, "99999999H", "9999999999"],
  ])("%d ms", (ms, grpc, connect) => {
    expect(grpcTimeout(ms)).toBe(grpc);
    expect(grpcTimeout(ms)).toMatch(/^\d{1,8}[HMSmun]$/);
    expect(connectTimeout(ms)).toBe(connect);
  });
});

describe("status messages", () => {
  it.each(["a/b: c?d=e&f", "100 %", "größer", " spaces ", "a\nb", "%2F", "😀", ""])(
    "%j",
    (text) => {
      const header = plainStatusMessage(setTrailerStatus(new Headers(), new ConnectError(text)));
      const value = header.get("grpc-message") ?? "";
      // As grpc-js decodes it, and as everybody else does.
      expect(decodeURI(value)).toBe(text);
      expect(decodeURIComponent(value)).toBe(text);
      expect(value).toMatch(/^[\x20-\x7e]*$/);
    },
  );
});

describe("messages that may hold views of what they were parsed from", () => {
  it("those with bytes, at any depth", () => {
    expect(NoteSchema.fields.some(({ scalar }) => scalar === ScalarType.BYTES)).toBe(true);
    expect(mayReferenceInput(NoteSchema)).toBe(true);
  });

  it("not those without, even if they contain themselves", () => {
    expect(mayReferenceInput(PlainSchema)).toBe(false);
  });

  it("is known for each message of a cycle", () => {
    const field = (
      name: string,
      number: number,
      type: FieldDescriptorProto_Type,
      typeName = "",
    ) => ({ name, number, type, typeName, label: FieldDescriptorProto_Label.OPTIONAL });
    const { MESSAGE, BYTES } = FieldDescriptorProto_Type;
    const file = create(FileDescriptorProtoSchema, {
      name: "cycle.proto",
      syntax: "proto3",
      messageType: [
        { name: "A", field: [field("b", 1, MESSAGE, ".B"), field("data", 2, BYTES)] },
        { name: "B", field: [field("a", 1, MESSAGE, ".A")] },
      ],
    });
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
    const [a, b] = [registry.getMessage("A"), registry.getMessage("B")];
    expect(a && b && [mayReferenceInput(a), mayReferenceInput(b)]).toEqual([true, true]);
  });
});
