// SPDX-License-Identifier: Apache-2.0
import { createFetchHandler } from "connect-stream/fetch";
import { routes } from "./routes.js";

export default { fetch: createFetchHandler({ routes }) };
