// SPDX-License-Identifier: Apache-2.0
// Handlers that do not hear that their call has ended: whoever runs the server can name and count them.
import { Code, type Interceptor } from "@connectrpc/connect";
import { combineObservers, type HandlerOverrun, type RpcObserver } from "connect-stream";
import { streamNodeAdapter } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { type Wire, wires } from "../support/wires.js";

type Client = ReturnType<typeof createLabServiceClient>;

const pass: Interceptor = (next) => next;

const calls: readonly (readonly [
  string,
  (client: Client, signal: AbortSignal) => Promise<unknown>,
])[] = [
  ["Unary", (client, signal) => client.unary({}, { signal })],
  ["Download", (client, signal) => client.download({}, { signal }).recv()],
  ["Upload", (client, signal) => client.upload({ signal }).closeAndRecv()],
];

describe.each([
  ["alone", {}],
  ["behind an interceptor", { interceptors: [pass] }],
])("a handler %s", (_, options) => {
  describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
    it.each(calls)("of %s that goes on is named, and counted", async (name, call) => {
      const [started, stuck] = [gate(), gate()];
      const wait = () => {
        started.resolve();
        return stuck.promise.then(() => ({}));
      };
      const handler: object = { unary: wait, download: wait, upload: wait };
      const { told, observer } = watch();
      const errors: unknown[] = [];
      await using lab = await startLab(handler, {
        http: wire.http,
        service: { ...options, overrunMs: 1, observer, onError: (error) => errors.push(error) },
      });
      const client = createLabServiceClient(ourTransport(lab.url, wire));
      const controller = new AbortController();
      const failed = failure(call(client, controller.signal));
      await started.promise;
      controller.abort();
      expect(await failed).toMatchObject({ code: Code.Canceled });
      const { ms, ended } = await told.promise;
      expect(ms).toBe(1);
      expect(errors).toEqual([
        expect.objectContaining({
          message: `the handler of lab.v1.LabService.${name} goes on 1 ms after the end of its call: pass context.signal to what it waits for`,
          cause: expect.objectContaining({ code: Code.Canceled }),
        }),
      ]);
      stuck.resolve();
      await ended;
      expect(errors).toHaveLength(1);
    });
  });
});

function watch() {
  const told = gate<HandlerOverrun>();
  const observer: RpcObserver = { open: () => ({ onOverrun: (overrun) => told.resolve(overrun) }) };
  // Together with another, as users have it.
  return { told, observer: combineObservers(observer, { open: () => ({}) }) };
}

const [wire] = wires as [Wire];

it("of many calls, those are told whose handler goes on", async () => {
  const stuck = gate();
  const { told, observer } = watch();
  const errors: unknown[] = [];
  const handler: Partial<LabServiceHandler> = {
    async download({ text }, stream) {
      await stream.send({});
      if (text === "stuck") await stuck.promise;
      // Ends at once.
      for (;;) await stream.send({ payload: new Uint8Array(100_000) });
    },
  };
  await using lab = await startLab(handler, {
    service: { overrunMs: 1, observer, onError: (error) => errors.push(error) },
  });
  const client = createLabServiceClient(ourTransport(lab.url, wire));
  for (const text of ["fine", "stuck", "fine"]) {
    for await (const _ of client.download({ text })) break;
  }
  const { ended } = await told.promise;
  stuck.resolve();
  await ended;
  expect(errors).toEqual([
    expect.objectContaining({ cause: expect.objectContaining({ code: Code.Canceled }) }),
  ]);
});

it.each([-1, 1.5, Number.NaN, "1", 2 ** 31])("overrunMs cannot be %s", (overrunMs) => {
  const service = { overrunMs: overrunMs as number };
  const create = () => startLab({}, { service, listener: streamNodeAdapter });
  return expect(create()).rejects.toThrow(/^overrunMs must be a whole number from 0/);
});
