// SPDX-License-Identifier: Apache-2.0
// How long a server that closes lets open calls finish.
import { Code } from "@connectrpc/connect";
import { type RunningServer, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate, turn } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { grpcOn2 } from "../support/wires.js";

/** Longer than a test may take. */
const VERY_LONG_MS = 3_600_000;

/** A server with a call that stays open until `finish`. */
async function withOpenCall() {
  const go = gate();
  const server = await serve({
    routes: (router) =>
      void registerLabService(router, {
        async download(_request, stream) {
          stream.sendHeaders();
          await go.promise;
        },
      }),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const call = createLabServiceClient(ourTransport(server.url, grpcOn2)).download({});
  await call.header;
  return { server, call, finish: () => go.resolve() };
}

it("a second close with a shorter grace means now", async () => {
  const { server, call } = await withOpenCall();
  const first = server.close({ graceMs: VERY_LONG_MS });
  const second = server.close({ graceMs: 0 });
  expect(second).toBe(first);
  expect((await failure(call.recv())).code).toBe(Code.Unavailable);
  await first;
});

it.each([
  ["a longer grace", (server: RunningServer) => server.close({ graceMs: VERY_LONG_MS })],
  ["no grace of its own", (server: RunningServer) => server.close()],
])("a second close with %s takes nothing from the first", async (_, again) => {
  const { server, call, finish } = await withOpenCall();
  const first = server.close({ graceMs: VERY_LONG_MS });
  expect(again(server)).toBe(first);
  await turn();
  finish();
  expect(await call.recv()).toBeUndefined();
  await first;
});

it("a longer grace does not add to the first", async () => {
  const { server, call } = await withOpenCall();
  const first = server.close({ graceMs: 1 });
  void server.close({ graceMs: VERY_LONG_MS });
  expect((await failure(call.recv())).code).toBe(Code.Unavailable);
  await first;
});

it.each([-1, Number.NaN, "x"])("a graceMs of %o rejects, and closes nothing", async (graceMs) => {
  const { server, call, finish } = await withOpenCall();
  const close = server.close as (options: object) => Promise<void>;
  const message = "graceMs must be a whole number from 0 to 2147483647, not";
  await expect(close({ graceMs })).rejects.toThrow(message);
  await expect(close({ graceMs })).rejects.toThrow(RangeError);
  finish();
  expect(await call.recv()).toBeUndefined();
  expect(await createLabServiceClient(ourTransport(server.url, grpcOn2)).download({}).recv()).toBe(
    undefined,
  );
});
