// SPDX-License-Identifier: Apache-2.0
// Handlers that do not hear that their call has ended, as metrics.
import { Code } from "@connectrpc/connect";
import { expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import { createLabServiceClient, type LabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { Telemetry } from "../support/telemetry.js";
import { grpcOn2 } from "../support/wires.js";

const OVERRUNS = "connect_stream.server.overruns";
const RUNNING = "connect_stream.server.overrunning_handlers";

it.each<[string, (client: LabServiceClient, signal: AbortSignal) => Promise<unknown>]>([
  ["Unary", (client, signal) => client.unary({}, { signal })],
  ["Download", (client, signal) => client.download({}, { signal }).recv()],
])("a handler of %s that goes on is counted, and so is its end", async (name, call) => {
  const [started, told, stuck] = [gate(), gate(), gate()];
  const wait = () => {
    started.resolve();
    return stuck.promise.then(() => ({}));
  };
  const handler: object = { unary: wait, download: wait };
  const telemetry = new Telemetry();
  const observer = telemetry.observer();
  await using lab = await startLab(handler, {
    // It is told before the observer, in the same turn.
    service: { overrunMs: 1, observer, onError: () => setImmediate(() => told.resolve()) },
  });
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2), { observer });
  const controller = new AbortController();
  const failed = failure(call(client, controller.signal));
  await started.promise;
  expect(await telemetry.values(OVERRUNS)).toEqual([]);
  controller.abort();
  expect(await failed).toMatchObject({ code: Code.Canceled });
  await told.promise;
  const attributes = { "rpc.system.name": "grpc", "rpc.method": `lab.v1.LabService/${name}` };
  expect(await telemetry.values(OVERRUNS)).toEqual([{ attributes, value: 1 }]);
  expect(await telemetry.values(RUNNING)).toEqual([{ attributes, value: 1 }]);
  stuck.resolve();
  await expect.poll(() => telemetry.values(RUNNING)).toEqual([{ attributes, value: 0 }]);
  expect(await telemetry.values(OVERRUNS)).toEqual([{ attributes, value: 1 }]);
});
