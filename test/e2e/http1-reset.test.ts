// SPDX-License-Identifier: Apache-2.0
import { connect } from "node:net";
import type { StreamOutcome } from "connect-stream";
import { Code } from "connect-stream";
import { streamNodeAdapter } from "connect-stream/node";
import { expect, it } from "vitest";
import "../support/process-faults.js";
import { gate } from "../support/gate.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { serveLab } from "../support/lab.js";

it("tells of a call whose connection is reset just before its response ends", async () => {
  const ended = gate<StreamOutcome>();
  const observer = { open: () => ({ onEnd: ended.resolve }) };
  const adapter = streamNodeAdapter({
    routes: (router) => registerLabService(router, { unary: async () => ({}) }, { observer }),
  });
  await using lab = await serveLab((request, response) => {
    const end = response.end.bind(response);
    response.end = () => {
      request.socket.destroy();
      return end();
    };
    adapter(request, response);
  }, "1.1");
  const socket = connect(lab.port, "127.0.0.1").on("error", () => undefined);
  socket.write(
    "POST /lab.v1.LabService/Unary HTTP/1.1\r\nhost: lab\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
  );
  const { code, endedBy } = await ended.promise;
  expect({ code, endedBy }).toEqual({ code: Code.Canceled, endedBy: "client" });
  socket.destroy();
});
