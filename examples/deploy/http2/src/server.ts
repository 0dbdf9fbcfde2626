// SPDX-License-Identifier: Apache-2.0
import * as http2 from "node:http2";
import { streamNodeAdapter } from "connect-stream/node";
import { routes } from "./routes.js";

const port = Number(process.env.PORT ?? 8080);
const server = http2.createServer(streamNodeAdapter({ routes }));
server.listen(port, () => console.log(`listening on http://localhost:${port}`));
