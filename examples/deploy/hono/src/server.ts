// SPDX-License-Identifier: Apache-2.0
import { serve } from "@hono/node-server";
import { createFetchHandler } from "connect-stream/fetch";
import { Hono } from "hono";
import { routes } from "./routes.js";

const handler = createFetchHandler({ routes });
const app = new Hono();
app.get("/", (c) => c.text("hello\n"));
app.all("*", (c) => handler(c.req.raw));

const port = Number(process.env.PORT ?? 8080);
serve({ fetch: app.fetch, port }, () => console.log(`listening on http://localhost:${port}`));
