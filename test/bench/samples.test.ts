// SPDX-License-Identifier: Apache-2.0
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { SampleSchema } from "../../bench/gen/bench/v1/bench_pb.js";
import { plainSample } from "../../bench/peers/samples.js";

const bytes = (size: number, text: boolean) =>
  toBinary(SampleSchema, create(SampleSchema, plainSample(size, text))).byteLength;

it("small samples have 59 bytes", () => {
  expect(bytes(60, false)).toBe(59);
});

it.each([100, 188, 189, 1024, 16_384, 65_536])("others have the %d bytes asked for", (size) => {
  // One too few where the length of what fills the sample would take another byte.
  const [filled, text] = [bytes(size, false), bytes(size, true)];
  expect(filled).toBe(text);
  expect([size, size - 1]).toContain(filled);
});

it("1 KiB is enough to be compressed", () => {
  expect(bytes(1024, true)).toBe(1024);
});
