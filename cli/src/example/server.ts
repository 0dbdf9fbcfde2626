// SPDX-License-Identifier: Apache-2.0
import { importOf, type Target } from "./code.js";

/** The file `server.ts`: serves the handler. */
export function serverFile(target: Target): string {
  const { names, file } = target.service;
  return `import { closeOnSignals, serve } from "connect-stream/node";
${importOf(target, names.register, file)}import { handler } from "./handler.js";

const server = await serve({
  routes: (router) => ${names.register}(router, handler),
  port: Number(process.env.PORT ?? 8080),
});
console.log(\`listening on \${server.url}\`);
closeOnSignals(server); // drains, and prints which calls it waits for
`;
}
