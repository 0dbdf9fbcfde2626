// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A clear-text `serve()` in a process of its own, which may hang without its test. */
import { mock } from "node:test";
import { type RunningServer, serve } from "connect-stream/node";
import { answer } from "../load/commands.js";
import { turn } from "../support/gate.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";

let server: RunningServer;

answer({
  async listen() {
    server = await serve({
      routes: (router) => registerLabService(router, { unary: async (note) => note }),
    });
    return server.url;
  },
  /** All that a socket has by now is read after this. */
  turn,
  connections: () =>
    process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length,
  stopClock: () => mock.timers.enable({ apis: ["setTimeout"] }),
  passTime: (ms: number) => mock.timers.tick(ms),
  close: () => server.close({ graceMs: 0 }),
});
