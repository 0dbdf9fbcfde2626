// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { plainCall } from "../../runtime/src/client/client-call.js";
import { openOnWire } from "../../runtime/src/client/open-on-wire.js";
import { type OutgoingRequest, prepareMethod } from "../../runtime/src/client/wire-method.js";
import { grpc } from "../../runtime/src/protocol/grpc.js";
import type { ClientWire, ClientWireEvents } from "../../runtime/src/protocol/wire.js";
import { turn } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";

/** A transport whose wires open when told, and write down what is done with them. */
function recorded() {
  const requests: OutgoingRequest[] = [];
  const opened: ClientWireEvents[] = [];
  const done: string[] = [];
  const wire: ClientWire = {
    allocate: (bytes) => new Uint8Array(bytes),
    write: () => done.push("write") > 0,
    end: () => void done.push("end"),
    cancel: () => void done.push("cancel"),
    pause: () => undefined,
    resume: () => undefined,
    defer: (task, of) => queueMicrotask(() => task(of)),
  };
  const transport = {
    baseUrl: "http://localhost/prefix",
    protocol: grpc,
    fullDuplex: true,
    useBinaryFormat: true,
    interceptors: [],
    sendCompression: null,
    acceptCompression: [],
    compressMinBytes: 0,
    readMaxBytes: 1000,
    writeMaxBytes: 1000,
    openWire: (request: OutgoingRequest, events: ClientWireEvents) => {
      requests.push(request);
      opened.push(events);
      return undefined;
    },
  };
  const open = () => opened.shift()?.onOpen(wire);
  return { transport, requests, done, open };
}

it.each([
  ["before it is open", true],
  ["when it is open", false],
])("a request is ended once, half-closed %s", async (_, early) => {
  const { transport, done, open } = recorded();
  const call = openOnWire(prepareMethod(transport, LabService.method.chat), plainCall);
  void call.send({ text: "a" });
  if (early) void call.closeSend();
  open();
  await turn();
  void call.closeSend();
  await turn();
  expect(done).toEqual(["write", "end"]);
});

it("a half-close without messages ends the request once", async () => {
  const { transport, done, open } = recorded();
  const call = openOnWire(prepareMethod(transport, LabService.method.chat), plainCall);
  void call.closeSend();
  open();
  await turn();
  expect(done).toEqual(["end"]);
});

it("calls of a method share their headers, until one has its own", () => {
  const { transport, requests } = recorded();
  const method = prepareMethod(transport, LabService.method.unary);
  openOnWire(method, plainCall);
  openOnWire(method, { ...plainCall, timeoutMs: 50 });
  openOnWire(method, { ...plainCall, headers: { "x-a": "1" } });
  const [first, second, third] = requests;
  expect(first?.header).toBe(second?.header);
  expect(Object.isFrozen(first?.header)).toBe(true);
  expect([first?.timeout, second?.timeout]).toEqual([undefined, ["grpc-timeout", "50m"]]);
  expect(Object.fromEntries(third?.header ?? [])).toMatchObject({ "x-a": "1", te: "trailers" });
  expect(first?.path).toBe("/prefix/lab.v1.LabService/Unary");
});
