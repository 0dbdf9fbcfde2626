// SPDX-License-Identifier: Apache-2.0
import { createFetchHandler } from "connect-stream/fetch";
import { Hono } from "hono";
import { routes } from "./routes.js";

const handler = createFetchHandler({ routes });
const app = new Hono();
app.get("/health", (c) => c.text("ok"));
app.all("*", (c) => handler(c.req.raw));

export default app;
