// SPDX-License-Identifier: Apache-2.0
import { streamNodeAdapter } from "connect-stream/node";
import fastify from "fastify";
import { routes } from "./routes.js";

const app = fastify({ forceCloseConnections: true });
app.get("/", () => "hello\n");
await app.register(async (rpcs) => {
  const adapter = streamNodeAdapter({ routes });
  // The adapter reads requests itself.
  rpcs.removeAllContentTypeParsers();
  rpcs.addContentTypeParser("*", (_request, _payload, done) => done(null));
  rpcs.all("/*", (request, reply) => {
    reply.hijack();
    adapter(request.raw, reply.raw);
  });
});
await app.listen({ port: Number(process.env.PORT ?? 8080) });
console.log(`listening on ${app.listeningOrigin}`);
process.once("SIGTERM", () => app.close());
