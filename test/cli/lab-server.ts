// SPDX-License-Identifier: Apache-2.0
import { type ServeOptions, serve } from "connect-stream/node";
import { registerReflection } from "connect-stream/reflection";
import { onTestFinished } from "vitest";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";

const echo: Partial<LabServiceHandler> = {
  async unary({ text }) {
    return { text: `re: ${text}` };
  },
  async upload(stream) {
    for await (const _ of stream);
    await stream.sendAndClose({ text: "done" });
  },
  async chat(stream) {
    for await (const { text } of stream) await stream.send({ text: text.toUpperCase() });
  },
};

/** A server with reflection, until the test ends. Its address. */
export async function startLabServer(
  handler: Partial<LabServiceHandler> = echo,
  options: Partial<ServeOptions> = {},
): Promise<string> {
  const server = await serve({
    ...options,
    routes(router) {
      registerLabService(router, handler);
      registerReflection(router);
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return options.tls ? `https://localhost:${server.port}` : server.url;
}
