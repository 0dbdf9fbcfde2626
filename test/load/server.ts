// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The server of the load tests, a process of its own. */
import { getEventListeners } from "node:events";
import { type RunningServer, serve } from "connect-stream/node";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { answer, stats } from "./commands.js";

let server: RunningServer;
let openHandlers = 0;
let errors = 0;
const shutdown = new AbortController();

async function counted(body: Promise<void>): Promise<void> {
  openHandlers++;
  try {
    await body;
  } finally {
    openHandlers--;
  }
}

answer({
  async listen(options: { keepAlive?: { intervalMs: number; timeoutMs: number } }) {
    server = await serve({
      ...options,
      shutdownSignal: shutdown.signal,
      routes: (router) =>
        registerLabService(
          router,
          {
            unary: (request) => Promise.resolve(request),
            download: ({ number }, stream) =>
              counted(
                (async () => {
                  for (let i = 0n; i < number; i++) await stream.send({ number: i });
                })(),
              ),
            upload: (stream) =>
              counted(
                (async () => {
                  let count = 0n;
                  while (await stream.recv()) count++;
                  await stream.sendAndClose({ number: count });
                })(),
              ),
            chat: (stream) =>
              counted(
                (async () => {
                  for await (const message of stream) await stream.send(message);
                })(),
              ),
          },
          { onError: () => errors++ },
        ),
    });
    return server.url;
  },
  stats: () => ({
    ...stats(getEventListeners(shutdown.signal, "abort").length),
    openHandlers,
    errors,
  }),
  async close(graceMs: number) {
    await server.close({ graceMs });
    return { openHandlers, errors };
  },
});
