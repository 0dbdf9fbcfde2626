// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { atRest } from "../support/gate.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { startLab } from "../support/lab.js";

const fields = {
  ":method": "POST",
  ":path": "/lab.v1.LabService/Unary",
  "content-type": "application/proto",
};

it("calls no handler for a request that its client cancels before it has sent any of it", async () => {
  const requests: string[] = [];
  await using lab = await startLab({
    async unary(request) {
      requests.push(request.text);
      return request;
    },
  });
  const session = http2.connect(lab.url);
  for (let i = 0; i < 10; i++) {
    const cancelled = session.request(fields).on("error", () => undefined);
    // Node ends the request, which is a message without fields, and resets it right after.
    cancelled.close(http2.constants.NGHTTP2_CANCEL);
  }
  const whole = session.request(fields);
  whole.end(toBinary(NoteSchema, create(NoteSchema, { text: "whole" })));
  await once(whole.resume(), "close");
  await atRest(() => requests.length);
  expect(requests).toEqual(["whole"]);
  session.destroy();
});

it("calls the handler for an empty request", async () => {
  await using lab = await startLab({ unary: async () => ({ text: "answer" }) });
  const session = http2.connect(lab.url);
  const stream = session.request(fields);
  stream.end();
  const [header] = await once(stream, "response");
  expect(header[":status"]).toBe(200);
  session.destroy();
});
