// SPDX-License-Identifier: Apache-2.0
import { streamNodeAdapter } from "connect-stream/node";
import express from "express";
import { routes } from "./routes.js";

const port = Number(process.env.PORT ?? 8080);
const app = express();
app.get("/", (_request, response) => void response.send("hello\n"));
// Last: it answers every request that it gets.
app.use(streamNodeAdapter({ routes }));
const server = app.listen(port, () => console.log(`listening on http://localhost:${port}`));
process.once("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});
