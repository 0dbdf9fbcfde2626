// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { Code, type StreamOutcome } from "connect-stream";
import { streamNodeAdapter } from "connect-stream/node";
import { expect, it } from "vitest";
import { gate } from "../support/gate.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";

const request = [
  "POST /lab.v1.LabService/Unary HTTP/1.1",
  "host: lab",
  "content-type: application/json",
  "content-length: 2",
  "\r\n{}",
].join("\r\n");

it("tells of a call whose connection is reset just before its response ends", async () => {
  const ended = gate<StreamOutcome>();
  const observer = { open: () => ({ onEnd: ended.resolve }) };
  const adapter = streamNodeAdapter({
    routes: (router) => registerLabService(router, { unary: async () => ({}) }, { observer }),
  });
  const server = createServer((incoming, response) => {
    const end = response.end.bind(response);
    response.end = () => {
      incoming.socket.destroy();
      return end();
    };
    adapter(incoming, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1").on("error", () => undefined);
  socket.write(request);
  const { code, endedBy } = await ended.promise;
  expect({ code, endedBy }).toEqual({ code: Code.Canceled, endedBy: "client" });
  socket.destroy();
  server.close();
});
