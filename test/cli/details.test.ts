// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { Code } from "connect-stream";
import { serve } from "connect-stream/node";
import { registerReflection } from "connect-stream/reflection";
import { expect, it, onTestFinished } from "vitest";
import { messageJson } from "../../cli/src/call/json.js";
import { loadSchema } from "../../cli/src/schema/files.js";
import {
  failingServiceErrors,
  registerFailingService,
} from "../support/gen/lab/v1/failing_stream.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { certFile, selfSigned } from "../support/tls.js";
import { runCli } from "./run-cli.js";

const details = { desc: AnySchema, value: create(AnySchema, { typeUrl: "a/b.C" }) };

it("decodes declared errors and details, over TLS", async () => {
  const server = await serve({
    tls: selfSigned,
    routes(router) {
      registerReflection(router);
      registerFailingService(router, {
        look() {
          throw failingServiceErrors.labBusy("wait a little", { details: [details] });
        },
      });
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const url = `https://localhost:${server.port}`;
  const args = ["call", url, "FailingService/Look", "--cacert", certFile];
  const { code, err } = await runCli(args);
  expect(code).toBe(64 + Code.ResourceExhausted);
  expect(err.split("\n")).toEqual([
    "connect-stream call: resource_exhausted: wait a little",
    "  declared: LAB_BUSY, the lab is busy; temporary; retry after 1500 ms",
    '  google.rpc.ErrorInfo {"reason":"LAB_BUSY","domain":"lab.example.com"}',
    '  google.rpc.RetryInfo {"retryDelay":"1.500s"}',
    '  google.protobuf.Any {"value":"CgVhL2IuQw=="}',
    "",
  ]);
  const untrusted = await runCli(args.slice(0, 3));
  expect(untrusted.code).toBe(64 + Code.Unavailable);
});

it("shows an Any whose type nobody knows", async () => {
  const env = process.env;
  const schema = await loadSchema("test/support/proto/lab/v1/lab.proto", {
    cwd: process.cwd(),
    env,
  });
  const json = (any: Any) => messageJson(AnySchema, any, schema);
  const unknown = create(AnySchema, { typeUrl: "x/y.Z", value: Uint8Array.of(1, 2) });
  expect(await json(unknown)).toEqual({ "@type": "x/y.Z", value: "AQI=" });
  const note = create(NoteSchema, { text: "hi", number: 2n ** 60n });
  expect(await json(anyPack(NoteSchema, note))).toEqual({
    "@type": "type.googleapis.com/lab.v1.Note",
    text: "hi",
    number: "1152921504606846976",
  });
});
