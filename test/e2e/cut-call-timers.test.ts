// SPDX-License-Identifier: Apache-2.0
import { createRouterTransport } from "@connectrpc/connect";
import { expect, it, vi } from "vitest";
import { gate } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { pass, useVirtualTime } from "../support/virtual-time.js";

useVirtualTime();

it("a call that was cut has no timers, though its handler never returns", async () => {
  const entered = gate();
  const timeouts = { sendMs: 1000, idleMs: 5000, maxAgeMs: 60_000 };
  const transport = createRouterTransport((router) => {
    const download = () => {
      entered.resolve();
      return new Promise<void>(() => undefined);
    };
    // Whoever runs the server may be told of such a handler, which takes a timer, too.
    registerLabService(router, { download }, { timeouts, overrunMs: 0 });
  });
  const call = createLabServiceClient(transport).download({});
  await entered.promise;
  expect(vi.getTimerCount()).toBeGreaterThan(0);
  call.close();
  await pass(1000);
  expect(vi.getTimerCount()).toBe(0);
});
