// SPDX-License-Identifier: Apache-2.0
import { createFetchHandler } from "connect-stream/fetch";
import { routes } from "../../../../routes";

const handler = createFetchHandler({ routes, requestPathPrefix: "/api" });

export { handler as GET, handler as POST };
