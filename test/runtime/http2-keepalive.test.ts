// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { Keepalive } from "../../runtime/src/node/http2/keepalive.js";
import { gate } from "../support/gate.js";

const settings = { intervalMs: 1, timeoutMs: 1, idle: false };

/** A connection whose pings are never answered. */
function silent(onPing: () => void) {
  return {
    openStreams: 1,
    closed: false,
    ping() {
      onPing();
      return true;
    },
  };
}

it("gives up a peer that does not answer", async () => {
  const dead = gate();
  const keepalive = new Keepalive(
    silent(() => undefined),
    settings,
    () => dead.resolve(),
  );
  await dead.promise;
  keepalive.stop();
});

it("reads what came in time before it gives up, though it could not look before", async () => {
  let deaths = 0;
  let pings = 0;
  const again = gate();
  const keepalive: Keepalive = new Keepalive(
    silent(() => {
      if (++pings === 2) again.resolve();
      // As a socket whose bytes are read only after the timer's callbacks.
      else setTimeout(() => setImmediate(() => keepalive.heard()), 1);
    }),
    settings,
    () => deaths++,
  );
  await again.promise;
  keepalive.stop();
  expect(deaths).toBe(0);
});
