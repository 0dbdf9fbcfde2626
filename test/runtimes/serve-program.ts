// SPDX-License-Identifier: Apache-2.0
// Serves the examples' services with `serve`, on whatever runtime runs it. With TLS_KEY and TLS_CERT,
// paths of files, over TLS.
import { readFileSync } from "node:fs";
import { serve } from "connect-stream/node";
import { routes } from "../docs/snippets/fetch/routes.js";

const { TLS_KEY: key, TLS_CERT: cert } = process.env;
const tls = key && cert ? { key: readFileSync(key), cert: readFileSync(cert) } : undefined;
const server = await serve({ routes, ...(tls && { tls }) });
console.log(`listening on ${server.url}`);
