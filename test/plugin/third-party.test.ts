// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { toBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { expect, test } from "vitest";
import { compileDirectory, repository } from "./harness.js";

test("our copy of validate.proto is the file that protovalidate has", async () => {
  const { file } = await compileDirectory(join(repository, "third_party/protovalidate"));
  const copy = file.find(({ name }) => name === "buf/validate/validate.proto");
  if (!copy) throw new Error("no such file");
  expect(withoutComments(copy)).toEqual(withoutComments(file_buf_validate_validate.proto));
});

test("our copy of health.proto is the file that grpc-health-check has", () => {
  const read = (path: string) => readFileSync(join(repository, path), "utf8");
  expect(read("third_party/grpc/grpc/health/v1/health.proto")).toBe(
    read("node_modules/grpc-health-check/proto/health/v1/health.proto"),
  );
});

function withoutComments(file: FileDescriptorProto): string {
  // Beside comments, buf adds something of its own.
  const { sourceCodeInfo: _, $unknown: __, ...rest } = file;
  return Buffer.from(toBinary(FileDescriptorProtoSchema, rest)).toString("latin1");
}
