// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { Event, type TestRequest } from "../gen/interop/v1/interop_pb.js";
import {
  allKinds,
  byKind,
  forKinds,
  midway,
  requests,
  streamKinds,
  takesOne,
  zeros,
} from "./calls.js";
import type { BenchCall, Case, Kind } from "./case.js";

const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;

const uploads: readonly Kind[] = ["client_streaming", "bidi_streaming"];

/** Both sides have to see it as what it is: for the server, never as a clean end. */
async function expectCancelled(call: BenchCall): Promise<void> {
  const [ending, seen] = await Promise.all([call.end(), call.saw(Event.ENDED)]);
  expect({ client: ending.code, server: seen }).toEqual({ client: CANCELLED, server: CANCELLED });
}

/** More than flow control lets through to a server that does not read. */
function tooMuch(): TestRequest[] {
  return requests(...Array.from({ length: 20 }, () => ({ payload: zeros(100_000) })));
}

/** Calls that one side ends before the other. */
export const endCases: readonly Case[] = [
  ...forKinds(uploads, "cancel_after_begin", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    await call.cancel();
    expect(await call.end()).toMatchObject({ code: CANCELLED });
  }),
  ...forKinds(uploads, "cancel_before_first_message", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    await call.saw(Event.BEGUN);
    await call.cancel();
    await expectCancelled(call);
  }),
  ...forKinds(["client_streaming"], "cancel_after_first_request", async (bench, kind) => {
    const call = await midway(bench, kind, {});
    await call.saw(Event.RECEIVED);
    await call.cancel();
    await expectCancelled(call);
  }),
  ...forKinds(
    ["server_streaming", "bidi_streaming"],
    "cancel_after_first_response",
    async (bench, kind) => {
      const call = await midway(bench, kind, takesOne(kind) ? { hang: true } : {});
      await call.cancel();
      await expectCancelled(call);
    },
  ),
  // The handler waits for something else than messages, and hears of it by its signal.
  ...forKinds(["unary", ...uploads], "cancel_while_handler_works", async (bench, kind) => {
    const call = await midway(bench, kind, { hang: true });
    await call.saw(Event.RECEIVED);
    await call.cancel();
    await expectCancelled(call);
  }),
  ...forKinds(streamKinds, "cancel_after_half_close", async (bench, kind) => {
    const call = await midway(bench, kind, { hangAtEnd: true });
    if (!takesOne(kind)) await call.closeSend();
    await call.saw(Event.HALF_CLOSED);
    await call.cancel();
    await expectCancelled(call);
  }),
  ...forKinds(
    allKinds,
    "timeout_on_sleeping_server",
    async (bench, kind) => {
      const call = await midway(bench, kind, { hang: true }, { timeoutMs: 1000 });
      const [ending, seen] = await Promise.all([call.end(), call.saw(Event.ENDED)]);
      expect(ending).toMatchObject({ code: DEADLINE_EXCEEDED });
      // The client's reset may overtake the server's own clock.
      expect([CANCELLED, DEADLINE_EXCEEDED]).toContain(seen);
    },
    { waits: true },
  ),
  ...forKinds(uploads, "server_ends_early", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    await call.send(requests({ finish: true, echo: true, text: "enough" }));
    expect(await call.saw(Event.ENDED)).toBe(0);
    // To send what nobody wants does no harm, and does not wait for somebody to want it.
    await call.send(tooMuch());
    expect(await call.recv(2)).toMatchObject([{ text: "enough" }]);
    expect(await call.end()).toMatchObject({ code: 0 });
    await call.closeSend();
  }),
  ...forKinds(uploads, "server_fails_early", async (bench, kind) => {
    const call = await bench.open(byKind[kind]);
    const status = { code: 5, message: "no more" };
    await call.send(requests({ status }));
    expect(await call.saw(Event.ENDED)).toBe(status.code);
    await call.send(tooMuch());
    expect(await call.recv(1)).toEqual([]);
    expect(await call.end()).toMatchObject(status);
    await call.closeSend();
  }),
];
