// SPDX-License-Identifier: Apache-2.0
import { createFetchHandler } from "connect-stream/fetch";
import { routes } from "./routes.js";

Deno.serve({ port: Number(Deno.env.get("PORT") ?? 8080) }, createFetchHandler({ routes }));
