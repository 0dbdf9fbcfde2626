// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { ConnectRouter } from "@connectrpc/connect";
import { registerTickService } from "../gen/ticks/v1/ticks_stream.js";

export function routes(router: ConnectRouter): void {
  registerTickService(router, {
    async watch({ intervalMs }, stream) {
      try {
        for (let number = 1; ; number++) {
          await stream.send({ number });
          await sleep(Math.max(intervalMs, 10), undefined, { signal: stream.context.signal });
        }
      } finally {
        console.log("the client has left");
      }
    },
  });
}
