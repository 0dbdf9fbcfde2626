// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import {
  ErrorInfoSchema,
  TestService,
  UnimplementedService,
} from "../gen/interop/v1/interop_pb.js";
import { reasonOf } from "../peers/connect-errors.js";
import { allKinds, byKind, forKinds, run } from "./calls.js";
import type { Case } from "./case.js";
import { expectEchoed, metadata } from "./metadata.js";

const { method } = TestService;

const UNKNOWN = 2;
const UNIMPLEMENTED = 12;

const specialMessage = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
/** Calls that fail because the server says so. */
export const statusCases: readonly Case[] = [
  ...forKinds(allKinds, "status_code_and_message", async (bench, kind) => {
    const status = { code: UNKNOWN, message: "test status message" };
    const ending = await run(bench, byKind[kind], [{ status }]);
    expect(ending).toMatchObject({ ...status, messages: [] });
  }),
  ...forKinds(allKinds, "special_status_message", async (bench, kind) => {
    const status = { code: UNKNOWN, message: specialMessage };
    expect(await run(bench, byKind[kind], [{ status }])).toMatchObject(status);
  }),
  ...forKinds(allKinds, "error_with_details", async (bench, kind) => {
    const status = { code: 9, message: "with details", reason: "because ☃" };
    const ending = await run(bench, byKind[kind], [{ status }], { headers: metadata });
    expect(ending).toMatchObject({ code: 9, message: "with details" });
    expect(ending.details.map(({ type, value }) => [type, reasonOf(value)])).toEqual([
      [ErrorInfoSchema.typeName, "because ☃"],
    ]);
    expectEchoed(ending.trailer, "x-grpc-test-echo-trailing");
    expectEchoed(ending.trailer, "x-grpc-test-echo-trailing-bin");
  }),
  ...forKinds(
    ["server_streaming", "bidi_streaming"],
    "error_after_messages",
    async (bench, kind) => {
      const request = { responseSizes: [1, 2, 3], status: { code: 10, message: "late" } };
      const { code, message, messages } = await run(bench, byKind[kind], [request]);
      expect({ code, message }).toEqual({ code: 10, message: "late" });
      expect(messages.map(({ payload }) => payload.length)).toEqual([1, 2, 3]);
    },
  ),
  {
    name: "unimplemented_method",
    kind: "unary",
    async run(bench) {
      const { code } = await run(bench, method.unimplementedCall, [{}]);
      expect(code).toBe(UNIMPLEMENTED);
    },
  },
  {
    name: "unimplemented_method (server_streaming)",
    kind: "server_streaming",
    async run(bench) {
      const { code } = await run(bench, method.unimplementedStream, [{}]);
      expect(code).toBe(UNIMPLEMENTED);
    },
  },
  {
    name: "unimplemented_service",
    kind: "unary",
    async run(bench) {
      const { code } = await run(bench, UnimplementedService.method.unimplementedCall, [{}]);
      expect(code).toBe(UNIMPLEMENTED);
    },
  },
];
